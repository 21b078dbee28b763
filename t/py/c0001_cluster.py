"""a cluster of our own: made, used, failed over, killed and back again

Six nodes, made with redis-cli.  A replica is elected by force; a primary's
processes are all killed and its replica takes over by itself, long before the
node timeout, because the host refuses connections; it comes back as a replica.
Control is killed everywhere: nobody loses the cluster, and writes go on.
"""

# limit 120s

import clustering as cl
import node


def put(nodes, count, tag):
    """Keys everywhere, by a client that follows redirections."""
    for i in range(count):
        assert cl.cli("-c", "-p", nodes[0].port, "SET", "%s:%d" % (tag, i),
                      i).strip() == "OK"


def get(nodes, count, tag):
    for i in range(count):
        assert cl.cli("-c", "-p", nodes[0].port, "GET",
                      "%s:%d" % (tag, i)).strip() == str(i)


# So long that nobody takes an election on evidence for one after silence.
cl.TIMEOUT_MS = 5000
nodes = cl.start(["almandined"] * 6)
cl.create(nodes, replicas=1)
cl.agreed(nodes)
put(nodes, 20, "a")
for n in nodes[3:]:
    cl.linked(n)
    assert cl.role(n) == "slave"

# An election by force, and its loser as a replica.
ids = {cl.myid(n): n for n in nodes}
old = ids[cl.lines(nodes[3])[cl.myid(nodes[3])][3]]
nodes[3].connect().ok("CLUSTER", "FAILOVER", "FORCE")
node.until(10, lambda: cl.role(nodes[3]) == "master", "an election by force")
node.until(10, lambda: cl.role(old) == "slave", "the loser follows")
cl.linked(old)
cl.agreed(nodes)
get(nodes, 20, "a")

# A whole node dies.
killed = nodes[3]
killed.kill()
rest = [n for n in nodes if n is not killed]
node.until(cl.TIMEOUT_MS / 1000 - 0.5, lambda: cl.role(old) == "master",
           "an election on evidence")
node.until(10, lambda: all(cl.lines(n)[cl.myid(old)][8:] for n in rest),
           "they know of it")
node.until(10, lambda: all(cl.info(n, "cluster_state") == "ok"
                           for n in rest), "all is well without it")
get(rest, 20, "a")
put(rest, 20, "b")
killed.start()
node.until(20, lambda: cl.role(killed) == "slave", "it comes back")
cl.linked(killed)
cl.agreed(nodes)
cl.check(nodes[0])

# Nobody has a control for a moment; what it knew is durable.
before = cl.lines(nodes[0])
for n in nodes:
    n.hit("control")
put(nodes, 20, "c")
cl.agreed(nodes)
after = cl.lines(nodes[0])
assert {k: w[8:] for k, w in before.items()} == {
    k: w[8:] for k, w in after.items()}
get(nodes, 20, "b")
cl.check(nodes[5])
