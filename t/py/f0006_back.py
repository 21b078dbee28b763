"""a cluster that ends as a whole, a primary without a replica that starts again:
all is well as soon as they are back

Nodes that were told to end take nobody's role, so that no primary waits for one
that is gone; who was taken for dead and is back is not missed for longer than
an election takes, though the node timeout is long.
"""

# limit 60s

import signal

import clustering as cl
import node
import shard

LONG = ["--workers", "1", "--cluster-node-timeout", "15000",
        "--shutdown-timeout", "60"]


def is_well(nodes):
    return all(shard.fields(n, "cluster")["cluster_state"] == "ok" and
               shard.fields(n, "cluster")["cluster_slots_fail"] == "0"
               for n in nodes)


def epoch(n):
    return int(shard.fields(n, "cluster")["cluster_current_epoch"])


def one_starts_again():
    nodes[0].kill()
    for n in nodes[1:]:
        node.until(10, lambda: shard.fields(n, "cluster")[
            "cluster_slots_fail"] != "0", "it is missed")
    nodes[0].start()
    node.until(6, lambda: is_well(nodes), "all is well")
    cl.check(nodes[0])


def all_end_and_start():
    for n in nodes:
        n.child.send_signal(signal.SIGTERM)
    for n in nodes:
        # Half of shutdown-timeout would be waited for a dead replica.
        assert n.child.wait(5 * node.SLOW) == 0, n.log_tail()
    for n in nodes:
        n.start()
    node.until(6, lambda: is_well(nodes), "all is well")
    shard.settled(nodes)
    # Nobody has to be elected, or hardly anybody.
    assert max(epoch(n) for n in nodes) < 30


started = cl.start(["almandined"] * 6, LONG)
nodes = started[:3]
cl.create(nodes, replicas=0)
cl.agreed(nodes)
one_starts_again()
nodes = started
for n, primary in zip(nodes[3:], nodes):
    cl.cluster("add-node", cl.address(n), cl.address(nodes[0]),
               "--cluster-slave", "--cluster-master-id", cl.myid(primary))
shard.settled(nodes)
for _ in range(2):
    all_end_and_start()
