"""a disk that is full, a sync that fails, deaths at each step of a rewrite

Writes are refused with MISCONF or said to be in doubt while the file can not be
written, reads go on, and when it can nothing acknowledged is missing.  Whoever
dies at any step of a rewrite: the file is whole, and the next rewrite succeeds.
"""

# limit 120s

import os
import subprocess
import sys

import node
import writing

ARGS = ["--workers", "2", "--appendonly", "yes", "--appendfsync", "always",
        "--respawn-limit", "0", "--auto-aof-rewrite-percentage", "0"]
STEPS = ("aof-made", "aof-manifest", "aof-manifest-written", "aof-listed",
         "aof-manifest-renamed", "aof-switch", "cut", "save-write",
         "save-written", "save-renamed", "aof-based", "aof-removed",
         "aof-write", "aof-written", "aof-sync", "aof-synced",
         "publish-before", "publish-after")

alm = node.Node("alm", ARGS, kind="almandined")
c = alm.connect(seconds=30)
if b"no fault points" in c.call("DEBUG", "FAULT", "cut", "off")[1]:
    node.skip("no fault points in this build")


def info(section="persistence"):
    return dict(line.split(":", 1) for line in
                c.ok("INFO", section)[1].decode().split("\r\n")
                if ":" in line)


def fault(*words):
    """Arms a point; control's own death may ask for it again."""
    c.ok("DEBUG", "FAULT", *words)


def is_rewritten():
    i = info()
    return i["aof_rewrite_in_progress"] == "0" and \
        i["aof_rewrite_scheduled"] == "0"


def rewrite():
    """From the question to the end; whether it succeeded."""
    answer = c.call("BGREWRITEAOF")
    if answer[0] == "error":
        assert b"replaced while" in answer[1], answer
    node.until(30, is_rewritten, "the end of a rewrite")
    return info()["aof_last_bgrewrite_status"] == "ok"


def writes():
    return c.call("SET", "probe", "1")[0] == "simple"


def restart():
    """After a death of all; what was acknowledged is there."""
    global c
    writers.pause()
    alm.kill()
    alm.start(seconds=30)
    c = alm.connect(seconds=30)
    writers.check(c)
    writers.resume()


def check_files():
    done = subprocess.run(
        ["redis-check-aof", os.path.join(alm.dir, "appendonlydir",
                                         "appendonly.aof.manifest")],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout.decode()


c.ok("SET", "k", "v")
writers = writing.Writers(alm, 4)

# Failures that the disk reports.
for point, what in (("aof-write", "No space left on device"),
                    ("aof-sync", "Input/output error")):
    for policy in ("always", "everysec", "no"):
        if (point, policy) == ("aof-sync", "no"):
            continue
        c.ok("CONFIG", "SET", "appendfsync", policy)
        fault(point, "error")
        node.until(10, lambda: info()["aof_last_write_status"] == "err",
                   "a failure at %s with %s" % (point, policy))
        answer = node.until(10, lambda: (lambda a: a[0] == "error" and a)(
            c.call("SET", "probe", "2")), "a refusal")
        assert answer[1] == b"MISCONF Errors writing to the AOF file: " + \
            what.encode(), answer
        assert c.call("PING")[0] == "error"
        assert c.ok("GET", "k") == ("bulk", b"v")
        assert c.call("MULTI")[0] == "simple"
        assert c.call("SET", "a", "b")[0] == "error"
        assert c.call("EXEC")[1].startswith(b"EXECABORT")
        fault(point, "off")
        node.until(10, writes, "writes again")
        assert info()["aof_last_write_status"] == "ok"
    c.ok("CONFIG", "SET", "appendfsync", "always")
    # What was acknowledged under another policy is durable with this one.
    c.ok("SET", "probe", "3")
    restart()

# A manifest that can not be written: the rewrite fails or is done later.
fault("aof-manifest", "error")
c.ok("BGREWRITEAOF")
node.until(10, lambda: info()["aof_last_write_status"] == "err", "a failure")
fault("aof-manifest", "off")
node.until(10, writes, "writes again")
node.until(10, is_rewritten, "the rewrite")
restart()
fault("save-write", "error")
assert not rewrite()
assert writes()
fault("save-write", "off")
assert rewrite()
restart()

# Deaths.
for point in STEPS:
    before = alm.log_has("fault %s: dies" % point)
    assert not before
    fault(point, "die", "once")
    c.call("BGREWRITEAOF")
    node.until(20, lambda: alm.log_has("fault %s: dies" % point),
               "a death at " + point)
    node.until(30, is_rewritten, "the end of a rewrite")
    node.until(10, writes, "writes after " + point)
    fault(point, "off")
    restart()
    assert rewrite(), point

# The file grows again from nothing, and all of it is there.
writers.end()
c.ok("CONFIG", "SET", "appendonly", "no")
c.ok("SET", "k", "other")
c.ok("CONFIG", "SET", "appendonly", "yes")
node.until(20, lambda: info().get("aof_pending_rewrite") == "0" and
           info()["aof_enabled"] == "1", "a BASE")
now = c.ok("DEBUG", "DIGEST")
assert alm.stop() == 0
check_files()
left = [n for n in os.listdir(os.path.join(alm.dir, "appendonlydir"))]
assert len(left) == 3, left
alm.start()
c = alm.connect()
assert c.ok("DEBUG", "DIGEST") == now
print("%d acknowledged, %d refused" % (
    writers.acked(), sum(w.refused for w in writers.all)))
assert alm.stop() == 0

# A disk that is really full.
small = os.path.join(node.directory(), "small")
os.makedirs(small)
if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", small],
                  stderr=subprocess.DEVNULL).returncode != 0:
    print("no right to mount a small disk here")
    sys.exit(0)
try:
    os.makedirs(os.path.join(alm.dir, "x"))
    alm.args = ARGS + ["--dir", small, "--appendfsync", "everysec"]
    alm.start()
    c = alm.connect(seconds=30)
    filler = os.path.join(small, "filler")
    with open(filler, "wb") as f:
        f.write(bytes(500000))
    big = "x" * 50000
    count = 0
    while c.call("SET", "big%d" % count, big)[0] == "simple":
        count += 1
        assert count < 1000
    assert b"No space left" in c.call("SET", "a", "b")[1]
    assert c.ok("STRLEN", "big%d" % (count - 1)) == ("int", 50000)
    os.remove(filler)
    # What was answered is written now, if the disk can hold it.
    if count * 50000 < 900000:
        node.until(10, writes, "writes again")
        now = c.ok("DEBUG", "DIGEST")
        alm.kill()
        alm.start()
        c = alm.connect()
        assert c.ok("DEBUG", "DIGEST") == now
    alm.kill()
finally:
    subprocess.run(["umount", "-l", small])
