"""a replica's append-only file: it goes on after a restart

A node follows redis-server and writes its append-only file: what came by a full
synchronisation is its BASE, the stream follows, in whatever database it was.
After a restart, or a death, it goes on by a partial resynchronisation.  A node
that was promoted has the new id in its file.
"""

import os
import subprocess

import node


def info(c, section="replication"):
    return dict(line.split(":", 1) for line in
                c.ok("INFO", section)[1].decode().split("\r\n")
                if ":" in line)


def meets(c, d):
    """Both are at the same place."""
    node.until(20, lambda: info(d)["role"] == "slave" and
               info(d).get("master_link_status") == "up" and
               info(d)["master_repl_offset"] == info(c)["master_repl_offset"],
               "offsets meet")
    assert c.ok("DEBUG", "DIGEST") == d.ok("DEBUG", "DIGEST")


def is_kept():
    """The disk has everything."""
    i = info(d, "persistence")
    return i["aof_pending_bio_fsync"] == "0" and \
        i["aof_buffer_length"] == "0" and i.get("aof_pending_rewrite") == "0"


def change(c, n):
    for i in range(n):
        c.ok("SELECT", 1 + i % 12)
        c.ok("RPUSH", "l%d" % i, "a", "b")
        c.ok("INCR", "n")


theirs = node.Node("theirs", ["--repl-diskless-sync-delay", "0"],
                   kind="redis")
c = theirs.connect()
change(c, 30)
ours = node.Node("ours", ["--appendonly", "yes", "--replicaof",
                          "127.0.0.1 %d" % theirs.port], kind="almandined")
d = ours.connect()
meets(c, d)
node.until(20, is_kept, "a BASE")
# The stream goes on in the database that it was in.
c.ok("INCR", "n")
c.ok("SET", "after", "the cut")
meets(c, d)
for how in ("stop", "kill", "stop"):
    change(c, 20)
    d.ok("BGREWRITEAOF")
    c.ok("INCR", "n")
    meets(c, d)
    node.until(20, is_kept, "the disk")
    if how == "stop":
        assert ours.stop() == 0
    else:
        ours.kill()
    change(c, 3)
    before = int(info(c, "stats")["sync_full"])
    ours.start()
    d = ours.connect()
    meets(c, d)
    assert int(info(c, "stats")["sync_full"]) == before, how

# Other data, by a full synchronisation.
other = node.Node("other", ["--repl-diskless-sync-delay", "0"], kind="redis")
e = other.connect()
change(e, 7)
e.ok("SET", "other", "1")
d.ok("REPLICAOF", "127.0.0.1", other.port)
meets(e, d)
change(e, 3)
meets(e, d)
node.until(20, is_kept, "another BASE")
ours.args[-1] = "127.0.0.1 %d" % other.port
ours.kill()
ours.start()
d = ours.connect()
meets(e, d)
assert info(e, "stats")["sync_full"] == "1"

# Promoted: another id, which replicas find after a restart.
d.ok("REPLICAOF", "NO", "ONE")
d.ok("SET", "own", "1")
follower = node.Node("follower", ["--replicaof", "127.0.0.1 %d" % ours.port],
                     kind="redis")
f = follower.connect()
d.ok("CONFIG", "SET", "repl-diskless-sync-delay", "0")
meets(d, f)
d.ok("SELECT", 9)
d.ok("SET", "own", "2")
meets(d, f)
ours.args = ["--appendonly", "yes"]
assert ours.stop() == 0
done = subprocess.run(["redis-check-aof", os.path.join(
    ours.dir, "appendonlydir", "appendonly.aof.manifest")],
    stdout=subprocess.PIPE)
assert done.returncode == 0, done.stdout.decode()
ours.start()
d = ours.connect()
meets(d, f)
assert info(d, "stats")["sync_full"] == "0"

# redis-server starts from what a replica wrote.
last = node.Node("last", ["--appendonly", "yes"], kind="redis", start=False)
now = d.ok("DEBUG", "DIGEST")
assert ours.stop() == 0
os.rename(os.path.join(ours.dir, "appendonlydir"),
          os.path.join(last.dir, "appendonlydir"))
last.start()
assert last.connect().ok("DEBUG", "DIGEST") == now
