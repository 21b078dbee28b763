"""a replica's processes die at every point of the link

At each fault point of the link, in the worker that has it or in control, once;
the next goes on, and after all the data is the primary's.  Then the whole node
is killed, at random times, and started again from its file.
"""

# limit 150s

import random

import following as f
import node

POINTS = ("link-connected", "link-continued", "link-fetches", "link-whole",
          "link-ordered", "link-up", "log-copied", "log-published", "changed",
          "committed", "frees", "forgotten", "publish-before", "publish-after",
          "ask-begun", "ask-done")


def start(name, *more):
    return node.Node(name, ["--repl-diskless-sync-delay", "0",
                            "--repl-backlog-size", "64mb",
                            "--respawn-limit", "0", *more],
                     kind="almandined")


def deaths(n):
    """How many of its processes have died; 0 while nobody can tell."""
    try:
        return int(f.info(n, "server")["process_deaths"])
    except node.Gone:
        return 0


def passes(n, point, act):
    """Arms a point, so that one process dies there, and does what makes one
    pass it."""
    before = deaths(n)
    try:
        reply = n.connect().call("DEBUG", "FAULT", point, "die", "once")
        if b"no fault points" in reply[1]:
            node.skip("this build has no fault points")
        act()
    except node.Gone:
        pass  # its worker was the one
    node.until(20, lambda: deaths(n) > before, "a death at " + point)
    node.until(20, lambda: n._is_whole(), "its successor")


def cut(primary):
    primary.connect().ok("CLIENT", "KILL", "TYPE", "replica")


def become(n, role, *words):
    """REPLICAOF until it is so: a death in between is an error."""
    def once():
        try:
            n.connect().call("REPLICAOF", *words)
            return f.info(n)["role"] == role
        except (node.Gone, AssertionError):
            return False
    node.until(20, once, role)


def begin_anew(replica, primary):
    """From nothing: a snapshot is fetched again."""
    become(replica, "master", "NO", "ONE")
    replica.connect().call("SET", "apart", random.random())
    become(replica, "slave", "127.0.0.1", primary.port)


a = start("a")
writers = f.write(a, random.randrange(1 << 30))
f.go_on(a, 300000)
b = start("b", "--replicaof", "127.0.0.1 %d" % a.port)
f.linked(b)
for point in POINTS:
    def act():
        if point in ("link-fetches", "link-whole", "link-ordered",
                     "publish-before", "publish-after"):
            begin_anew(b, a)
        elif point.startswith("link") or point.startswith("ask"):
            cut(a)
            b.connect().call("CONFIG", "SET", "timeout", "0")
    passes(b, point, act)
    if f.info(b)["role"] == "master":
        begin_anew(b, a)
    f.linked(b)
    f.go_on(a, 50000)
f.stop(writers)
f.same(a, b)

# A promotion that its control does not survive happens all the same.
c = b.connect()
before = b.process("control")
c.ok("DEBUG", "FAULT", "promoted", "die", "once")
assert b"replaced" in c.call("REPLICAOF", "NO", "ONE")[1]
node.until(20, lambda: f.info(b)["role"] == "master", "the promotion")
c.ok("SET", "a", "primary's")
begin_anew(b, a)
f.linked(b)

# The whole replica.
writers = f.write(a, random.randrange(1 << 30))
for _ in range(int(node.lasting(3))):
    f.go_on(a, random.randrange(200000))
    if random.randrange(2):
        b.connect().call("SAVE")
    b.kill()
    b.start()
    f.linked(b)
f.stop(writers)
f.same(a, b)
