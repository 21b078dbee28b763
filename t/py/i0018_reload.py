"""DEBUG RELOAD and DEBUG LOADAOF: everything goes, and comes back the same

Writers go on before and after; what they were told is there, the log goes on as
if nothing had happened, and so do replicas and the append-only file.
"""

import killing
import node
import writing

alm = node.Node("alm", ["--workers", "2", "--appendonly", "yes",
                        "--auto-aof-rewrite-percentage", "0",
                        # Nothing goes into the log by itself.
                        "--repl-ping-replica-period", "600"],
                kind="almandined")
c = alm.connect(seconds=30)
c.ok("CONFIG", "SET", "repl-diskless-sync-delay", "0")
follower = node.Node("follower", ["--replicaof", "127.0.0.1 %d" % alm.port],
                     kind="redis")
d = follower.connect()
for i in range(500):
    c.ok("SELECT", i % 5)
    c.ok("SET", "k%d" % i, i, "PX", 1000000 + i)
    c.ok("HSET", "h%d" % (i % 7), i, "x" * (i % 90))
c.ok("SWAPDB", 1, 3)
c.ok("SELECT", 0)


def offset(c):
    text = c.ok("INFO", "replication")[1].decode()
    return int(text.split("master_repl_offset:")[1].split("\r")[0])


before = c.ok("DEBUG", "DIGEST"), offset(c)
for what in (("RELOAD",), ("LOADAOF",), ("RELOAD", "NOSAVE")):
    c.ok("DEBUG", *what)
    after = c.ok("DEBUG", "DIGEST"), offset(c)
    assert after == before, (what, before, after, c.ok("INFO", "keyspace"))
assert c.call("DEBUG", "RELOAD", "OTHER")[0] == "error"
# Merged with what there is, as redis-server does.
merged = []
oracle = node.Node("oracle", kind="redis")
for e in (c, oracle.connect()):
    e.ok("SET", "both", "file")
    e.ok("SET", "gone", "file")
    e.ok("SAVE")
    e.ok("SET", "both", "memory")
    e.ok("SET", "here", "memory")
    e.ok("DEL", "gone")
    e.ok("DEBUG", "RELOAD", "NOSAVE", "NOFLUSH", "MERGE")
    merged.append(e.ok("MGET", "both", "here", "gone"))
    e.ok("DEBUG", "RELOAD", "MERGE")
    merged.append(e.ok("MGET", "both", "here", "gone"))
assert merged[0] == merged[2] == merged[1] == merged[3], merged
assert merged[0][1][0] == ("bulk", b"file"), merged
c.ok("DEL", "both", "here", "gone")
before = c.ok("DEBUG", "DIGEST"), offset(c)
c.ok("BGREWRITEAOF")
c.ok("DEBUG", "LOADAOF")
assert (c.ok("DEBUG", "DIGEST"), offset(c)) == before



def serves():
    """A connection to a node that is not loading."""
    try:
        c = alm.connect(seconds=30)
        if c.call("PING")[0] == "simple" and c.call("GET", "k0")[0] == "bulk":
            return c
    except node.Gone:
        pass
    return None


writers = writing.Writers(alm, 4)
for i in range(3):
    n = writers.acked()
    node.until(20, lambda: writers.acked() > n + 50, "writes")
    c.ok("DEBUG", "RELOAD" if i % 2 else "LOADAOF")
    # Somebody dies meanwhile: it is done or said not to be.
    f = alm.connect(seconds=30)
    f.send("DEBUG", "LOADAOF" if i % 2 else "RELOAD")
    alm.hit(("worker 0", "control", "logger")[i])
    try:
        f.read()
    except node.Gone:
        pass
    c = node.until(20, serves, "its end")
n = writers.acked()
node.until(20, lambda: writers.acked() > n + 50, "writes")
writers.end()
writers.check(alm.connect(seconds=30))
c = alm.connect(seconds=30)
node.until(20, lambda: offset(d) == offset(c), "offsets meet")
now = c.ok("DEBUG", "DIGEST")
assert d.ok("DEBUG", "DIGEST") == now
killing.sound(c.ok)
assert alm.stop() == 0
alm.start()
assert alm.connect().ok("DEBUG", "DIGEST") == now
