"""redis-cli --rdb, --functions-rdb aside: a copy of the data over the wire

In both forms; redis-check-rdb finds it sound and redis-server loads it.  SYNC
of old, and REPLCONF rdb-only, too.
"""

import os
import shutil
import subprocess

import feeding
import node
import snapping

CLI = shutil.which("redis-cli")
if not CLI:
    node.skip("redis-cli is not installed")
a = node.Node("a", ["--repl-diskless-sync-delay", "0"])
c = a.connect()
for i in range(3000):
    c.ok("SET", "k%d" % i, i)
c.ok("HSET", "h", *range(2000))
c.ok("ZADD", "z", *(w for i in range(500) for w in (i / 3, "m%d" % i)))
c.ok("SELECT", 5)
c.ok("RPUSH", "l", *range(3000))
c.ok("SET", "ex", 1, "EX", 10000)
loader = node.Node("loader", kind="redis")
d = loader.connect()
file = os.path.join(loader.dir, "dump.rdb")


def check():
    snapping.look_at(file)
    d.ok("DEBUG", "RELOAD", "NOSAVE")
    assert d.ok("DEBUG", "DIGEST") == c.ok("DEBUG", "DIGEST")
    d.ok("FLUSHALL")
    os.remove(file)
    node.until(10, lambda: "connected_slaves:0" in c.ok(
        "INFO", "replication")[1].decode(), "it has gone")


for form in ("no", "yes"):
    c.ok("CONFIG", "SET", "repl-diskless-sync", form)
    done = subprocess.run([CLI, "-p", str(a.port), "--rdb", file],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    check()
    # Of old: no handshake, no offset, always a length.
    r = feeding.Replica(a, shakes=False)
    r.send("SYNC")
    feeding.save_as(r.read_snapshot(), loader.dir)
    assert r.form == "length"
    c.ok("SET", "after", 1)
    r.offset = 0
    assert r.read_until([b"SET", b"after", b"1"])
    c.ok("DEL", "after")
    r.close()
    check()
    # Only the snapshot: then the primary closes.
    r = feeding.Replica(a)
    assert r.ask("REPLCONF", "rdb-only", 1) == b"+OK"
    assert r.psync() == "full"
    feeding.save_as(r.read_snapshot(), loader.dir)
    r.acknowledge()
    assert r.is_closed(10)
    check()
