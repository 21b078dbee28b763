"""a primary that starts without its data does not take it from its replicas

It never wrote a file.  After its death it starts empty: a node and a
redis-server that follow it keep what they have, and it says why.  One of them
becomes the primary and gives the data back; or an option says that nothing is
meant.
"""

# limit 60s

import os

import following as f
import node

args = ["--repl-diskless-sync-delay", "0"]
a = node.Node("a", args, kind="almandined")
c = a.connect()
c.pipeline([("SET", "k%d" % i, "v") for i in range(1000)])
b = node.Node("b", args + ["--replicaof", "127.0.0.1 %d" % a.port],
              kind="almandined")
r = node.Node("r", ["--replicaof", "127.0.0.1 %d" % a.port], kind="redis")
for n in (b, r):
    f.linked(n)
note = os.path.join(a.dir, "almandine.held")


REFUSALS = {b: "answers PSYNC: -NOMASTERLINK This node had data",
            r: "Master is currently unable to PSYNC"}


def is_refused(n, before):
    """It asked once more, and has what it had."""
    node.until(20, lambda: n.log_count(REFUSALS[n]) > before, "a refusal")
    assert n.connect().ok("DBSIZE")[1] == 1000 and not f.is_up(n)
    return True


for torn in (False, True):
    a.kill()
    if torn:
        with open(note, "r+") as file:
            file.write("nonsense")
    before = {n: n.log_count(text) for n, text in REFUSALS.items()}
    a.start()
    assert f.info(a)["data_lost"] == "1"
    for n in (b, r):
        assert is_refused(n, before[n])
# As many as there were when the note was made.
assert a.log_has(r"had data \([1-9]\d* keys at UNIX time \d+\)")
assert a.log_has("a note of it is damaged")

# From the replica.
assert b.connect().ok("REPLICAOF", "NO", "ONE")[1] == b"OK"
assert a.connect().ok("REPLICAOF", "127.0.0.1", b.port)[1] == b"OK"
f.linked(a)
assert "data_lost" not in f.info(a)
f.linked(r)
f.same(b, a, r)

# Or nothing is what there is to be.
a.connect().ok("REPLICAOF", "NO", "ONE")
b.connect().ok("REPLICAOF", "127.0.0.1", a.port)
f.linked(b)
f.linked(r)
a.kill()
os.unlink(os.path.join(a.dir, "dump.rdb"))
a.start()
assert f.info(a)["data_lost"] == "1"
a.connect().ok("CONFIG", "SET", "allow-empty-primary", "yes")
for n in (b, r):
    f.linked(n)
    assert n.connect().ok("DBSIZE")[1] == 0
# An end in good order with nothing leaves no note.
assert os.path.exists(note)
epoch = int(f.info(a)["data_epoch"])
assert epoch > 0
a.stop()
a.start()
assert "data_lost" in f.info(a)
a.connect().ok("SET", "k", "v")
a.connect().ok("SAVE")
a.stop()
a.start()
a.connect().ok("FLUSHALL")
a.stop()
assert not os.path.exists(note)

# A file that was empty already is enough when a stream goes on with it: from
# then on nothing is missing, and others get a snapshot.
p, x = (node.Node(name, args + ["--save", ""], kind="almandined")
        for name in "px")
x.connect().ok("REPLICAOF", "127.0.0.1", p.port)
f.linked(x)
assert os.path.exists(os.path.join(x.dir, "dump.rdb"))
x.connect().ok("REPLICAOF", "NO", "ONE")
p.connect().ok("REPLICAOF", "127.0.0.1", x.port)
f.linked(p)
x.connect().ok("SET", "k", "v")
note = os.path.join(x.dir, "almandine.held")
node.until(5, lambda: os.path.exists(note) and
           f.info(x)["master_replid"] in open(note).read(), "the note")
f.same(x, p)
x.kill()
p.connect().ok("REPLICAOF", "NO", "ONE")
x.start()
assert f.info(x)["data_lost"] == "1"
x.connect().ok("REPLICAOF", "127.0.0.1", p.port)
f.linked(x)
assert p.log_has("goes on from offset 1, ")
assert "data_lost" not in f.info(x)
f.same(p, x)
x.connect().ok("REPLICAOF", "NO", "ONE")
p.kill()
p.start()
p.connect().ok("REPLICAOF", "127.0.0.1", x.port)
f.linked(p)
f.same(x, p)

# So it is under the id that it has.
p.connect().ok("REPLICAOF", "NO", "ONE")
p.connect().ok("FLUSHALL")
x.kill()
os.unlink(os.path.join(x.dir, "dump.rdb"))
x.start()
x.connect().ok("REPLICAOF", "127.0.0.1", p.port)
f.linked(x)
x.kill()
x.args += ["--replicaof", "127.0.0.1 %d" % p.port]
x.start()
f.linked(x)
assert x.log_count("and finds none") == 3
assert p.log_count("goes on from offset") == 2
assert "data_lost" not in f.info(x)

# An old file, put back: the node says that it had another history since.
n = node.Node("n", kind="almandined")
old = os.path.join(n.dir, "dump.rdb")
c = n.connect()
c.ok("SET", "k", "old")
c.ok("SAVE")
with open(old, "rb") as file:
    before = file.read()
for i in (1, 2):
    n.kill()
    n.start()
    c = n.connect()
    node.until(5, lambda: f.info(n)["data_epoch"] == str(i), "the epoch")
    assert not n.log_has("is older than what this node")
    c.ok("SET", "k", "new")
    c.ok("SAVE")
n.kill()
with open(old, "wb") as file:
    file.write(before)
n.start()
assert n.connect().ok("GET", "k") == ("bulk", b"old")
node.until(5, lambda: n.log_has(
    r"is older than what this node last had \(data epoch 2\)"), "the warning")
