"""chains of replicas, and roles that change, without a full resynchronisation

A primary, a replica of it, and two replicas of that one: a node and a
redis-server.  They get the same bytes.  Then the replica becomes the primary,
the old one its replica: nobody needs a snapshot again, in whatever order, and
all have the same data, also what was written in between.
"""

# limit 120s

import random

import following as f
import node


def start(name, kind="almandined"):
    args = ["--repl-diskless-sync-delay", "0", "--repl-backlog-size", "64mb"]
    return node.Node(name, args, kind=kind)


def follow(n, whom):
    """n follows whom from now on; None: nobody."""
    words = ("NO", "ONE") if whom is None else ("127.0.0.1", whom.port)
    assert n.connect().ok("REPLICAOF", *words)[1] == b"OK"


def fulls(*nodes):
    """How many full resynchronisations they have served."""
    return sum(f.count(n, "sync_full") for n in nodes)


def hand_over(old, new):
    """Another primary, with nothing written in between (keys expire)."""
    pause = old.connect()
    pause.ok("CLIENT", "PAUSE", "100000", "WRITE")
    node.until(20, lambda: f.offset(old) == f.offset(new), "all is there")
    follow(new, None)
    new.connect().ok("SET", "of", new.name)
    follow(old, new)
    pause.ok("CLIENT", "UNPAUSE")
    f.linked(old)


a, b, c, d = start("a"), start("b"), start("c"), start("d", "redis")
writers = f.write(a, random.randrange(1 << 30))
f.go_on(a, 300000)
follow(b, a)
f.linked(b)
# Those of a replica, while it is fed.
follow(c, b)
follow(d, b)
f.linked(c)
f.linked(d)
f.go_on(a, 300000)
f.stop(writers)
f.same(a, b, c, d)
# A flush makes a snapshot be given up, and be asked for again.
assert fulls(a, b, c, d) >= 3
before = fulls(a, c, d)
for n in (b, c, d):
    assert f.info(n)["master_replid"] == f.info(a)["master_replid"], n.name
# The bytes themselves.
for n in (b, c):
    end = f.offset(a)
    text = a.connect().ok("DEBUG", "BACKLOG", end - 50000)[1][:50000]
    assert n.connect().ok("DEBUG", "BACKLOG", end - 50000)[1][:50000] == text

# The one in the middle dies and comes again: its file says where it was.
b.connect().send("SHUTDOWN", "SAVE")
node.until(20, lambda: b.child.poll() is not None, "the end of b")
writers = f.write(a, random.randrange(1 << 30))
f.go_on(a, 100000)
b.args += ["--replicaof", "127.0.0.1 %d" % a.port]
b.start()
for n in (b, c, d):
    f.linked(n)
f.go_on(a, 100000)
f.stop(writers)
f.same(a, b, c, d)
assert fulls(a, b, c, d) == before, "b asked for no snapshot, nor its own"

# b becomes the primary; what was a's replica and what was a follow it.
before = fulls(a, b, c, d)
old = f.info(b)["master_replid"]
hand_over(a, b)
new = f.info(b)
assert new["role"] == "master" and new["master_replid2"] == old, new
for n in (c, d):
    f.linked(n)
writers = f.write(b, random.randrange(1 << 30))
f.go_on(b, 100000)
f.stop(writers)
f.same(b, a, c, d)
assert f.info(a)["master_replid"] == new["master_replid"]

# redis-server becomes the primary, and ours its replicas.
hand_over(b, d)
for n in (a, c):
    f.linked(n)
d.connect().ok("SET", "of", "d again")
f.same(d, b, a, c)
assert fulls(a, b, c, d) == before, "only partial ones"
# Two that have gone apart need a snapshot: nothing is taken over half.
follow(c, None)
follow(a, None)
a.connect().ok("SET", "apart", "a")
c.connect().ok("SET", "apart", "c")
follow(a, c)
f.linked(a)
f.same(c, a)
assert fulls(c) == 1, "a full one"
