"""a cluster of three nodes of ours and three redis-servers

Each kind replicates the other.  A redis-server that dies is replaced by a node
of ours, and the other way round; both come back as replicas.
"""

# limit 180s

import clustering as cl
import node

SECONDS = 30    # redis-server waits for silence, then for its turn


def replace(nodes, old, new):
    """The node `old` dies; `new` takes its slots, and gets it as a replica."""
    old.kill()
    node.until(SECONDS, lambda: cl.role(new) == "master",
               "%s replaces %s" % (new.name, old.name))
    rest = [n for n in nodes if n is not old]
    node.until(SECONDS, lambda: all(cl.info(n, "cluster_state") == "ok"
                                    for n in rest), "all is well")
    old.start()
    node.until(SECONDS, lambda: cl.role(old) == "slave", "it comes back")
    cl.agreed(nodes, SECONDS)


def follow(replica, primary):
    key = cl.myid(primary)
    node.until(SECONDS, lambda: replica.connect().call(
        "CLUSTER", "REPLICATE", key)[1] == b"OK", "it follows")


nodes = cl.start(["almandined", "redis", "almandined",
                  "redis", "almandined", "redis"])
cl.create(nodes[:3], replicas=0)
cl.agreed(nodes[:3])
for replica, primary in zip(nodes[3:], nodes[:3]):
    replica.connect().ok("CLUSTER", "MEET", "127.0.0.1", nodes[0].port,
                         nodes[0].args[3])
    follow(replica, primary)
cl.agreed(nodes, SECONDS)
for n in nodes[3:]:
    cl.linked(n)
for i in range(50):
    cl.cli("-c", "-p", nodes[0].port, "SET", "k%d" % i, i)
for replica, primary in zip(nodes[3:], nodes[:3]):
    count = primary.connect().ok("DBSIZE")
    node.until(10, lambda: replica.connect().ok("DBSIZE") == count,
               "the keys of " + replica.name)
cl.check(nodes[0])
replace(nodes, nodes[1], nodes[4])
replace(nodes, nodes[0], nodes[3])
for i in range(50):
    assert cl.cli("-c", "-p", nodes[2].port, "GET",
                  "k%d" % i).strip() == str(i)
cl.check(nodes[0])
