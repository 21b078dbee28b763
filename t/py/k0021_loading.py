"""a node starts: with what a crash has left, killed while it loads, damaged

Files that a dead node was writing are removed, and no others.  Workers and
control die while a file is loaded: all of it is there afterwards.  A file that
is damaged anywhere stops the start and the message names the byte, or, where
nothing could tell, every key is there.
"""

# limit 120s

import os
import random
import re
import signal

import node

KEYS = 60000
FOREIGN = ("temp-123.rdb", "temp-almandine-%d-save-1.rdb" % os.getpid(),
           "temp-almandine-1-save.rdb", "temp-almandine-999999999-x-1.rdb.old")


def path(name):
    return os.path.join(a.dir, name)


def listens():
    try:
        a.connect(seconds=1).close()
        return True
    except node.Gone:
        return False


def crash():
    """The whole node at once; what it was just forking ends by itself."""
    for pid in a.processes().values():
        os.kill(pid, signal.SIGKILL)
    assert a.stop(signal.SIGKILL) == -signal.SIGKILL
    node.until(5, lambda: not listens(), "its end")


def nice(name):
    with open("/proc/%d/stat" % a.process(name), encoding="utf-8") as f:
        return int(f.read().rsplit(")", 1)[1].split()[16])


def saves_politely():
    """A saver was seen that has what it should have."""
    c.call("BGSAVE")
    try:
        return nice("saver") == min(nice("worker 0") + 5, 19)
    except (node.Gone, FileNotFoundError, ProcessLookupError):
        return False


def temporary():
    return sorted(n for n in os.listdir(a.dir) if n.startswith("temp-"))


def fill(c):
    for first in range(0, KEYS, 1000):
        c.ok("MSET", *(w for i in range(first, first + 1000)
                       for w in ("key:%d" % i, "value:%d" % i)))
    c.ok("HSET", "hash", *range(2000))
    c.ok("RPUSH", "list", *range(5000))
    c.ok("ZADD", "zset", *(w for i in range(1000) for w in (i / 7, "m%d" % i)))
    c.ok("SADD", "set", *("member:%d" % i for i in range(1000)))
    c.ok("SELECT", 1)
    c.ok("SET", "expires", 1, "EX", 10000)


a = node.Node("a", ["--workers", "2", "--respawn-limit", "0",
                    "--stall-timeout", "0"])
c = a.connect()
fill(c)
c.ok("SAVE")
digest = c.ok("DEBUG", "DIGEST")

# --- who makes a snapshot lets others go first

node.until(20, saves_politely, "a saver with less priority than a worker")
node.until(20, lambda: b"rdb_bgsave_in_progress:0" in
           c.ok("INFO", "persistence")[1], "its end")

# --- what a crash leaves

for name in FOREIGN:
    with open(path(name), "w") as f:
        f.write("x")
with open(path("temp-almandine-999999999-replicas-7.rdb"), "w") as f:
    f.write("x")


def is_stopped():
    """A snapshot that is stopped half way, if it is slow enough."""
    global digest
    node.until(20, lambda: b"rdb_bgsave_in_progress:0" in
               c.ok("INFO", "persistence")[1], "no snapshot")
    c.ok("SAVE")
    digest = c.ok("DEBUG", "DIGEST")
    c.ok("INCR", "lost")
    c.ok("BGSAVE")
    if not a.halt("saver"):
        return False
    if any("-%d-" % a.pid in n for n in temporary()):
        return True
    a.hit("saver", signal.SIGCONT)
    return False


node.until(20, is_stopped, "a snapshot that can be stopped")
crash()
left = len(temporary()) - len(FOREIGN)
assert left >= 1, temporary()
a.start(seconds=30)
assert temporary() == sorted(FOREIGN), temporary()
assert a.log_has("%d unfinished files of a node that is no more" % left)
assert a.connect().ok("DEBUG", "DIGEST") == digest

# --- deaths while it loads

rand = random.Random(os.getpid())
for n in range(int(node.lasting(6))):
    crash()
    a.start(seconds=30, waits=False)
    name = rand.choice(("worker 0", "worker 1", "control"))
    node.until(5, lambda: name in a.processes(), name)
    for _ in range(rand.randrange(20)):
        a.processes()
    a.hit(name)
    node.until(30, a.is_up, "the start")
    assert a.connect().ok("DEBUG", "DIGEST") == digest, name

# --- damage

assert a.stop() == 0
a.args += ["--rdbchecksum", "yes"]
for has_sum in ("yes", "no"):
    a.args[-1] = has_sum
    a.start(seconds=30)
    c = a.connect()
    c.ok("SAVE")
    assert a.stop() == 0
    with open(path("dump.rdb"), "rb") as f:
        sound = f.read()
    for at in [0, 9, len(sound) - 9] + [rand.randrange(9, len(sound) - 9)
                                        for _ in range(int(node.lasting(6)))]:
        bad = bytearray(sound)
        bad[at] ^= 1 << rand.randrange(8)
        with open(path("dump.rdb"), "wb") as f:
            f.write(bad)
        before = os.path.getsize(a.log)
        try:
            a.start(seconds=30)
            assert has_sum == "no", "byte %d is wrong" % at
            assert a.stop() == 0
        except node.Gone:
            assert a.child.returncode == 1, a.child.returncode
            with open(a.log, "rb") as f:
                f.seek(before)
                said = f.read().decode()
            # A length may ask for more than there is memory.
            m = re.search(r"dump.rdb (?:is damaged at byte (\d+): \w+|"
                          r"can not be loaded: \w+)", said)
            assert m and int(m.group(1) or 0) <= len(sound), said
    # Cut.
    for length in (0, 5, len(sound) // 2, len(sound) - 1):
        with open(path("dump.rdb"), "wb") as f:
            f.write(sound[:length])
        try:
            a.start(seconds=30)
            assert False, "a cut file was loaded"
        except node.Gone:
            assert a.child.returncode == 1
            assert "dump.rdb is damaged at byte" in a.log_tail(), a.log_tail()
    with open(path("dump.rdb"), "wb") as f:
        f.write(sound)
    a.start(seconds=30)
    assert a.connect().ok("DEBUG", "DIGEST") == digest
    assert a.stop() == 0
