"""the append-only file goes to redis-server and comes back

A node with all types in several databases writes its append-only file;
redis-check-aof accepts it, redis-server starts from the directory, goes on in
it, rewrites it in both forms of a BASE, and the node starts from that.  A
single file of an old redis-server becomes the BASE.  It is turned on and off
while the node runs.  Replicas continue after a restart.
"""

# limit 90s

import os
import random
import shutil
import subprocess

import killing
import node

rand = random.Random(7)
AOF = ["--appendonly", "yes"]


def info(c, section="persistence"):
    return dict(line.split(":", 1) for line in
                c.ok("INFO", section)[1].decode().split("\r\n")
                if ":" in line)


def rewrite(c):
    """A whole rewrite, from its question to its end."""
    c.ok("BGREWRITEAOF")

    def is_over():
        now = info(c)
        return now["aof_rewrite_in_progress"] == "0" and \
            now["aof_rewrite_scheduled"] == "0"
    node.until(20, is_over, "a rewrite")
    assert info(c)["aof_last_bgrewrite_status"] == "ok"


def digest(c):
    return c.ok("DEBUG", "DIGEST")[1]


class Changes:
    """killing.Pair's changes, without its servers."""
    random, key = rand, killing.Pair.key
    change = killing.Pair.change


changes = Changes()


def change(c, count):
    for i in range(count):
        if i % 40 == 0:
            c.ok("SELECT", rand.randrange(4))
        c.call(*changes.change())
    c.ok("SELECT", 0)
    c.ok("MULTI")
    c.ok("INCR", "units")
    c.ok("RPUSH", "queue", "a", "b")
    c.ok("EXEC")


def check(n, directory="appendonlydir"):
    done = subprocess.run(
        ["redis-check-aof", os.path.join(n.dir, directory,
                                         "appendonly.aof.manifest")],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout.decode()


def move(a, b):
    """The append-only file of a node that has ended goes to another."""
    for name in ("appendonlydir", "appendonly.aof"):
        if os.path.exists(os.path.join(a.dir, name)):
            os.rename(os.path.join(a.dir, name), os.path.join(b.dir, name))


def restart(n):
    assert n.stop() == 0
    n.start()
    return n.connect()


def lasts(n, c):
    """A node that is stopped has what it had; a connection to it."""
    before = digest(c)
    c = restart(n)
    assert digest(c) == before
    return c


ours = node.Node("ours", AOF, kind="almandined")
c = ours.connect()
change(c, 500)
before, offset = digest(c), info(c, "replication")["master_repl_offset"]
c = restart(ours)
assert digest(c) == before
assert info(c, "replication")["master_repl_offset"] == offset
rewrite(c)
change(c, 500)
rewrite(c)
change(c, 100)
before, offset = digest(c), info(c, "replication")["master_repl_offset"]
c = restart(ours)
assert digest(c) == before
assert info(c, "replication")["master_repl_offset"] == offset
assert ours.stop() == 0
check(ours)

# redis-server starts from it, goes on, rewrites it; and we go on after it.
theirs = node.Node("theirs", AOF, kind="redis", start=False)
for preamble in ("yes", "no"):
    move(ours, theirs)
    theirs.start()
    d = theirs.connect()
    assert digest(d) == before
    change(d, 200)
    d.ok("CONFIG", "SET", "aof-use-rdb-preamble", preamble)
    rewrite(d)
    change(d, 200)
    before = digest(d)
    d.send("SHUTDOWN")
    theirs.child.wait(10)
    move(theirs, ours)
    ours.start()
    c = ours.connect()
    assert digest(c) == before
    change(c, 100)
    c = lasts(ours, c)
    change(c, 100)
    rewrite(c)
    before = digest(c)
    assert ours.stop() == 0
    check(ours)

# A file of the time when there was one.
for form in ("resp", "rdb"):
    shutil.rmtree(os.path.join(ours.dir, "appendonlydir"))
    old = node.Node("old-" + form, AOF, kind="redis")
    d = old.connect()
    d.ok("CONFIG", "SET", "aof-use-rdb-preamble",
         "yes" if form == "rdb" else "no")
    change(d, 100)
    rewrite(d)
    change(d, 100)
    before = digest(d)
    d.send("SHUTDOWN")
    old.child.wait(10)
    where = os.path.join(old.dir, "appendonlydir")
    with open(os.path.join(ours.dir, "appendonly.aof"), "wb") as out:
        for kind in ("base", "incr"):
            name = [n for n in os.listdir(where) if kind in n]
            assert len(name) == 1, name
            with open(os.path.join(where, name[0]), "rb") as part:
                out.write(part.read())
    ours.start()
    c = ours.connect()
    assert digest(c) == before, form
    assert not os.path.exists(os.path.join(ours.dir, "appendonly.aof"))
    change(c, 50)
    before = digest(c)
    c = restart(ours)
    assert digest(c) == before
    assert ours.stop() == 0
    check(ours)

# A snapshot is the beginning when there is nothing else.
shutil.rmtree(os.path.join(ours.dir, "appendonlydir"))
plain = node.Node("ours", [], kind="almandined")
c = plain.connect()
change(c, 100)
before = digest(c)
c.ok("SAVE")
assert plain.stop() == 0
ours.start()
c = ours.connect()
assert digest(c) == before
change(c, 100)
c = lasts(ours, c)

# On and off.
c.ok("CONFIG", "SET", "appendonly", "no")
node.until(5, lambda: "logger" not in ours.processes(), "the logger's end")
change(c, 50)

# Rewritten while it is off: a BASE alone, which redis-server takes.
rewrite(c)
check(ours)
alone = node.Node("alone", AOF, kind="redis", start=False)
shutil.copytree(os.path.join(ours.dir, "appendonlydir"),
                os.path.join(alone.dir, "appendonlydir"))
assert len(os.listdir(os.path.join(alone.dir, "appendonlydir"))) == 2
alone.start()
assert digest(alone.connect()) == digest(c)
alone.stop()
c.ok("CONFIG", "SET", "appendonly", "yes")
node.until(20, lambda: info(c)["aof_enabled"] == "1" and
           info(c).get("aof_pending_rewrite") == "0", "a first BASE")
change(c, 50)
c = lasts(ours, c)

# A replica goes on where it was.
follower = node.Node("follower", ["--replicaof",
                                  "127.0.0.1 %d" % ours.port], kind="redis")
d = follower.connect()
c.ok("CONFIG", "SET", "repl-diskless-sync-delay", "0")
node.until(20, lambda: info(d, "replication").get("master_link_status") ==
           "up", "the link")
for _ in range(2):
    change(c, 50)
    node.until(5, lambda: info(c, "replication")["master_repl_offset"] ==
               info(d, "replication")["master_repl_offset"], "offsets meet")
    ours.stop()
    ours.start()
    c = ours.connect()
    node.until(20, lambda: info(c, "replication")["connected_slaves"] == "1"
               and info(d, "replication").get("master_link_status") == "up",
               "the link again")
    stats = info(c, "stats")
    assert (stats["sync_full"], stats["sync_partial_ok"]) == ("0", "1"), stats
node.until(5, lambda: digest(c) == digest(d), "the same data")
assert ours.stop() == 0
check(ours)
