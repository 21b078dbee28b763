"""a whole cluster starts again without data: what an operator sees, and does

One that never had a key is well at once.  One that had some, and no file, serves
what is written then, says what it lost, and gives its replica nothing before it
is told that nothing is meant.
"""

# limit 60s

import os

import clustering as cl
import node
import shard

nodes = cl.start(["almandined"] * 4, ["--workers", "1", "--save", "",
                                      "--cluster-node-timeout", "1000"])
primary, replica = nodes[0], nodes[3]
cl.create(nodes[:3], replicas=0)
cl.cluster("add-node", cl.address(replica), cl.address(primary),
           "--cluster-slave", "--cluster-master-id", cl.myid(primary))


def all_start_again():
    for n in nodes:
        n.kill()
    for n in nodes:
        n.start()
    for n in nodes:
        node.until(15, lambda n=n: shard.fields(n, "cluster")[
            "cluster_state"] == "ok", "all is well")


def lost(n):
    return shard.fields(n).get("data_lost")


shard.settled(nodes)
all_start_again()
shard.settled(nodes)
assert not any(lost(n) for n in nodes)

tag = next(t for t in map(str, range(99)) if shard.slot_of(t) < 5000)
primary.connect().ok("SET", tag, "gone")
node.until(5, lambda: shard.ask(replica, "DBSIZE")[1] == 1, "the key there")
node.until(5, lambda: os.path.exists(os.path.join(
    primary.dir, "almandine.held")), "the note")
all_start_again()
node.until(10, lambda: shard.ask(primary, "SET", tag, "new") ==
           ("simple", b"OK"), "writes")
assert lost(primary) == "1" and not any(lost(n) for n in nodes[1:3])
assert primary.log_has(r"this node had data \(1 keys .*allow-empty-primary")
node.until(10, lambda: replica.log_has("answers PSYNC: -NOMASTERLINK This "
                                       "node had data"), "a refusal")
assert shard.fields(replica)["master_link_status"] == "down"
primary.connect().ok("CONFIG", "SET", "allow-empty-primary", "yes")
shard.settled(nodes)
assert lost(primary) == "0"
assert shard.ask(replica, "DBSIZE")[1] == 1
