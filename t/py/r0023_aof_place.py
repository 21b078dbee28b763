"""where a replica's append-only file begins is known whenever the node dies

The INCR file of a rewrite begins with a SELECT that is no part of the stream.
A node that died while it was there and not in the manifest counted its bytes,
and asked its primary for the wrong offset.
"""

import os

import following
import node

theirs = node.Node("theirs", ["--repl-diskless-sync-delay", "0"],
                   kind="redis")
ours = node.Node("ours", ["--appendonly", "yes", "--replicaof",
                          "127.0.0.1 %d" % theirs.port], kind="almandined")
d = ours.connect()
if not node.has_faults(d):
    node.skip("no fault points in this build")
c = theirs.connect()
INCR = os.path.join(ours.dir, "appendonlydir", "appendonly.aof.%d.incr.aof")


def persistence(name):
    return following.info(d, "persistence").get(name)


def is_kept():
    return persistence("aof_pending_bio_fsync") == "0" and \
        persistence("aof_buffer_length") == "0" and \
        persistence("aof_pending_rewrite") == "0"


def newest():
    return max(n for n in range(1, 99) if os.path.exists(INCR % n))


c.ok("SELECT", 8)
c.ok("INCR", "n")
for point in ("aof-switch", "aof-listed", None):
    following.same(theirs, ours)
    node.until(20, is_kept, "the disk")
    full = following.count(theirs, "sync_full")
    n = newest() + 1
    if point:
        d.ok("DEBUG", "FAULT", point, "hold", 60000, "once")
        d.ok("BGREWRITEAOF")
        node.until(20, lambda: ours.log_has("fault %s: holds" % point),
                   "the new file")
    else:
        d.ok("BGREWRITEAOF")
        node.until(20, lambda: os.path.exists(INCR % n) and
                   os.path.getsize(INCR % n) > 0, "the new file")
    ours.kill()
    c.ok("INCR", "n")
    c.ok("SELECT", 3)
    c.ok("INCR", "n")
    c.ok("SELECT", 8)
    c.ok("INCR", "n")
    ours.start()
    d = ours.connect()
    following.same(theirs, ours)
    assert following.count(theirs, "sync_full") == full, point

# redis-server starts from the directory: each file selects its database.
node.until(20, is_kept, "the disk")
last = node.Node("last", ["--appendonly", "yes"], kind="redis", start=False)
now = d.ok("DEBUG", "DIGEST")
assert ours.stop() == 0
os.rename(os.path.join(ours.dir, "appendonlydir"),
          os.path.join(last.dir, "appendonlydir"))
last.start()
assert last.connect().ok("DEBUG", "DIGEST") == now
