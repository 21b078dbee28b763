"""what goes into the append-only file past the kernel's cache is the log

Much and little by turns, of all lengths: the file has the log's bytes, and
those of a node that dies in the midst are there but for the last moment's.
"""

# limit 60s
# files on a disk

import ctypes
import mmap
import os
import random
import subprocess

import node
import writing

rand = random.Random(os.getpid())
alm = node.Node("alm", ["--workers", "2", "--appendonly", "yes",
                        "--auto-aof-rewrite-percentage", "0",
                        "--repl-backlog-size", "256mb"], kind="almandined")
INCR = os.path.join(alm.dir, "appendonlydir", "appendonly.aof.1.incr.aof")
c = alm.connect(seconds=30)


def is_kept():
    text = c.ok("INFO", "persistence")[1]
    return b"aof_buffer_length:0\r" in text


def compare():
    """The file is the log."""
    node.until(20, is_kept, "the disk")
    with open(INCR, "rb") as f:
        data = f.read()
    at = 0
    while at < len(data):
        piece = c.ok("DEBUG", "BACKLOG", at)[1]
        assert piece and data[at:at + len(piece)] == piece, at
        at += len(piece)
    return len(data)


libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int,
                      ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
libc.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]


def cached():
    """Bytes of the file that the kernel keeps."""
    with open(INCR, "rb") as f:
        total = os.fstat(f.fileno()).st_size
        at = libc.mmap(None, total, mmap.PROT_READ, mmap.MAP_SHARED,
                       f.fileno(), 0)
    pages = ctypes.create_string_buffer(-(-total // mmap.PAGESIZE))
    assert libc.mincore(at, total, pages) == 0, os.strerror(ctypes.get_errno())
    libc.munmap(at, total)
    return sum(p & 1 for p in pages.raw) * mmap.PAGESIZE


def is_direct():
    """Whether the logger can write past the kernel's cache here; a file in
    memory is nowhere else."""
    kind = subprocess.check_output(["stat", "-f", "-c", "%T", INCR], text=True)
    if kind.strip() in ("tmpfs", "ramfs"):
        return False
    where = "/proc/%d/fdinfo/" % alm.process("logger")
    return any(int(line.split()[1], 8) & os.O_DIRECT
               for fd in os.listdir(where) for line in open(where + fd)
               if line.startswith("flags:"))


for policy in ("everysec", "no", "everysec"):
    c.ok("CONFIG", "SET", "appendfsync", policy)
    for n in [rand.randrange(1, 4000000) for _ in range(6)] + [3 << 20]:
        c.pipeline([("SET", "k%d" % i, "x" * rand.randrange(2 * n // 20 + 1))
                    for i in range(20)])
        for i in range(rand.randrange(3)):
            c.ok("SET", "small", i)
    node.until(20, is_kept, "the disk")
    kept = cached()
    if policy == "no":
        c.ok("CONFIG", "SET", "appendfsync", "always")
        c.ok("SET", "now", "x" * rand.randrange(100000))
    else:
        compare()
total = compare()
assert cached() > total // 2, "what was read just now is not seen"
assert kept < total - (1 << 20) or not is_direct(), (kept, total)
print("%d bytes, %s of them in the kernel's cache" % (total, kept))
now = c.ok("DEBUG", "DIGEST")
alm.kill()
alm.start(seconds=30)
c = alm.connect(seconds=30)
assert c.ok("DEBUG", "DIGEST") == now

writers = writing.Writers(alm, 2)
for _ in range(3):
    c.pipeline([("SET", "k%d" % i, "y" * rand.randrange(400000))
                for i in range(40)])
alm.kill()
writers.pause()
alm.start(seconds=30)
c = alm.connect(seconds=30)
writers.check(c, writers.last_second())
writers.end()
