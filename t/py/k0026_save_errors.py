"""a disk that refuses a snapshot: while it is written, pushed, synced, for real

The snapshot fails and says why, of every kind: BGSAVE (writes are refused where
there are save rules), the BASE of a rewrite, a full sync.  The file of the last
one is there as it was, nothing lies beside it, and when the disk takes it again
the next one succeeds.
"""

# limit 60s

import contextlib
import os
import random
import subprocess
import sys

import following
import node

ARGS = ["--workers", "2", "--save", "3600 1000000", "--appendonly", "yes",
        "--auto-aof-rewrite-percentage", "0",
        "--repl-diskless-sync-delay", "0"]
FULL, BROKEN = "No space left on device", "Input/output error"
ERRORS = (("save-write", "writing the snapshot: " + FULL),
          ("save-push", "forcing the snapshot to the disk: " + BROKEN),
          ("save-sync", "forcing the snapshot to the disk: " + BROKEN))

alm = node.Node("alm", ARGS)
c = alm.connect(seconds=30)
if not node.has_faults(c):
    node.skip("no fault points in this build")
rand = random.Random(26)


def info(name):
    return following.info(c, "persistence")[name]


def fill():
    """Some MB that do not become less, so that they are pushed in pieces."""
    for i in range(40):
        c.ok("SET", "big%d" % i, "%x" % rand.getrandbits(400000))


def ended():
    return info("rdb_bgsave_in_progress") == "0" and \
        info("aof_rewrite_in_progress") == "0" and \
        info("aof_rewrite_scheduled") == "0"


def job(*words):
    """A snapshot of that kind, to its end; whether it succeeded."""
    c.ok(*words)
    node.until(20, ended, "the end of " + words[0])
    return info("rdb_last_bgsave_status" if words[0] == "BGSAVE" else
                "aof_last_bgrewrite_status") == "ok"


def lying(where):
    """What snapshots have begun and not finished."""
    return [n for n in os.listdir(where) if n.startswith("temp-")]


def content(where):
    with open(os.path.join(where, "dump.rdb"), "rb") as f:
        return f.read()


def refused(where, why, was):
    """A BGSAVE that fails as it should, with what follows from that."""
    said = alm.log_count("the snapshot failed: " + why)
    assert not job("BGSAVE")
    assert alm.log_count("the snapshot failed: " + why) == said + 1, why
    assert alm.log_has("snapshot dump.rdb failed")
    assert not lying(where), lying(where)
    assert content(where) == was
    value = c.call("SET", "probe", "1")
    assert value[0] == "error" and value[1].startswith(b"MISCONF"), value
    assert c.ok("STRLEN", "big0")[1] > 99000


def accepted():
    assert job("BGSAVE")
    c.ok("SET", "probe", "2")


fill()
assert job("BGSAVE")
replica = node.Node("replica", ["--workers", "1", "--save", ""])
r = replica.connect(seconds=30)
for point, why in ERRORS:
    c.ok("SET", "point", point)
    digest = c.ok("DEBUG", "DIGEST")[1]
    was = content(alm.dir)
    c.ok("DEBUG", "FAULT", point, "error")
    refused(alm.dir, why, was)
    assert not job("BGREWRITEAOF")
    said = alm.log_count("the snapshot failed: " + why)
    r.ok("REPLICAOF", "127.0.0.1", alm.port)
    node.until(20, lambda: alm.log_count(
        "the snapshot failed: " + why) > said, "a full sync that fails")
    assert not following.is_up(replica)
    c.ok("DEBUG", "FAULT", point, "off")
    following.linked(replica, seconds=30)
    assert r.ok("DEBUG", "DIGEST")[1] == digest
    r.ok("REPLICAOF", "NO", "ONE")
    r.ok("FLUSHALL")
    accepted()
    assert content(alm.dir) != was
    assert job("BGREWRITEAOF")
    node.until(5, lambda: not lying(alm.dir), "the end of files")
digest = c.ok("DEBUG", "DIGEST")[1]
alm.kill()
alm.start(seconds=30)
c = alm.connect(seconds=30)
assert c.ok("DEBUG", "DIGEST")[1] == digest
assert alm.stop() == 0

# --- a disk that is really full, in the middle of the file
small = os.path.join(node.directory(), "small")
os.makedirs(small)
if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", small],
                  stderr=subprocess.DEVNULL).returncode != 0:
    print("no right to mount a small disk here")
    sys.exit(0)
try:
    alm.args = ARGS[:4] + ["--dir", small]
    alm.start()
    c = alm.connect(seconds=30)
    c.ok("SET", "big0", "x" * 100000)
    assert job("BGSAVE")
    fill()
    refused(small, "writing the snapshot: " + FULL, content(small))
    c.ok("CONFIG", "SET", "save", "")
    for i in range(1, 30):
        c.ok("DEL", "big%d" % i)
    c.ok("CONFIG", "SET", "save", "3600 1000000")
    accepted()
    assert not lying(small)
    with contextlib.suppress(node.Gone):
        alm.kill()
finally:
    subprocess.run(["umount", "-l", small])
