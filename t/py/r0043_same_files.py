"""two nodes in one directory: fine while their files are not the same ones"""

import os
import subprocess

import node

SAVE = ["--save", "3600 1"]
home = os.path.join(node.directory(), "a")


def at_home(name, *args):
    n = node.Node(name, list(args), start=False)
    n.dir = home
    return n


def is_refused(n, what):
    done = subprocess.run(n.command(), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=20 * node.SLOW)
    said = "almandined: the %s is in use by another node\n" % what
    assert (done.returncode, done.stdout.decode()) == (1, said), done


def key(n):
    return n.connect().call("GET", "k")


a = at_home("a", *SAVE)
a.start()
a.connect().ok("SET", "k", "a's")

# Both would write dump.rdb, be it by rules or because a primary sends it.
is_refused(at_home("b", *SAVE), "dbfilename dump.rdb")
is_refused(at_home("c", "--replicaof", "127.0.0.1 %d" % a.port),
           "dbfilename dump.rdb")

# With another name both have their own, and what one notes of its data is not
# the other's.
r = node.Node("r", ["--replicaof", "127.0.0.1 %d" % a.port])
node.until(20, lambda: r.connect().call("GET", "k")[1:] == (b"a's",),
           "the replica")
assert os.path.exists(os.path.join(home, "almandine.held"))
b = at_home("d", "--dbfilename", "other.rdb", *SAVE)
b.start()
assert not b.log_has("finds none"), b.log_tail()
assert key(b) == ("nil",), key(b)
b.connect().ok("SET", "k", "b's")

# Who writes nothing by itself disturbs nobody.
c = at_home("e")
c.start()
assert c.stop() == 0

# The append-only file alike.
d = at_home("f", "--appendonly", "yes")
d.start()
is_refused(at_home("g", "--appendonly", "yes"), "appenddirname appendonlydir")
e = at_home("h", "--appendonly", "yes", "--appenddirname", "another")
e.start()
assert d.stop() == 0 and e.stop() == 0

# Each finds its own; and a node that was killed holds nothing.
b.hit("supervisor")
b.child.wait()
b.start()
assert b.connect().ok("SET", "k", "b's again") and b.stop() == 0
assert a.stop() == 0
b.start()
a.start()
assert key(a)[1] == b"a's" and key(b)[1] == b"b's again"
assert a.stop() == 0 and b.stop() == 0
