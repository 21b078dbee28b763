"""python3-redis RedisCluster: works through a reshard, reads from replicas,
pipelines; finds a new primary"""

# limit 60s

import threading

import clustering as cl
import node

try:
    import redis
    from redis.cluster import ClusterNode, RedisCluster
except ImportError:
    node.skip("python3-redis with RedisCluster is not installed")

nodes = cl.start(["almandined"] * 6)
cl.create(nodes, replicas=1)
cl.agreed(nodes)
for n in nodes[3:]:
    cl.linked(n)
for n in nodes:
    node.until(10, lambda: all(len(part[1]) == 4 for part in
                               n.connect().ok("CLUSTER", "SLOTS")[1]),
               "replicas in CLUSTER SLOTS")
start = [ClusterNode(n.ip, n.port) for n in nodes[:2]]
r = RedisCluster(startup_nodes=start, decode_responses=True)
assert len(r.get_primaries()) == 3 and len(r.get_replicas()) == 3
assert r.cluster_info()["cluster_state"] == "ok"
assert len(r.cluster_nodes()) == 6 and len(r.cluster_slots()) == 3
for i in range(200):
    assert r.set("k%d" % i, i)
with r.pipeline() as p:
    for i in range(200):
        p.get("k%d" % i)
    assert p.execute() == [str(i) for i in range(200)]
assert r.mset_nonatomic({"m%d" % i: i for i in range(50)})
assert r.mget_nonatomic(*["m%d" % i for i in range(50)]) == [
    str(i) for i in range(50)]
assert r.dbsize(target_nodes=RedisCluster.PRIMARIES) == 250
assert len(r.keys("*", target_nodes=RedisCluster.PRIMARIES)) == 250
try:
    r.mget("k1", "k2")
    raise AssertionError("keys of two slots")
except redis.exceptions.RedisClusterException:
    pass
assert r.mset({"{t}a": 1, "{t}b": 2}) and r.mget("{t}a", "{t}b") == ["1", "2"]

# From replicas, with what they have by then.
reader = RedisCluster(startup_nodes=start, read_from_replicas=True,
                      decode_responses=True)
node.until(10, lambda: all(reader.get("k%d" % i) == str(i)
                           for i in range(200) for _ in (1, 2)), "the reads")


def has_read(n):
    """Whether a node has served reads as a replica."""
    reader.get("k0")
    text = n.connect().ok("INFO", "commandstats")[1]
    return cl.role(n) == "slave" and b"cmdstat_get" in text and \
        b"cmdstat_readonly" in text


replicas = [n for n in nodes if cl.role(n) == "slave"]
assert len(replicas) == 3
for i in range(200):
    reader.get("k%d" % i)
node.until(10, lambda: all(has_read(n) for n in replicas),
           "reads from all replicas")

# While slots go, no call fails and nothing is counted twice or not at all.
stop, why, done = [], [], [0]


def work(number):
    client = RedisCluster(startup_nodes=start, decode_responses=True,
                          cluster_error_retry_attempts=20)
    try:
        i = 0
        while not stop:
            key = "{%d}count%d" % (i % 40, number)
            client.incr(key)
            with client.pipeline() as p:
                for j in range(5):
                    p.set("{%d}p%d" % (j * i % 60, number), i)
                assert all(p.execute())
            i += 1
        total = sum(int(client.get("{%d}count%d" % (k, number)) or 0)
                    for k in range(40))
        assert total == i, (total, i)
        done[0] += i
    except Exception as e:
        why.append(e)


threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
for t in threads:
    t.start()
ids = [cl.myid(n) for n in nodes]
for source, target in ((0, 1), (1, 2), (2, 0)):
    cl.cluster("reshard", cl.address(nodes[0]), "--cluster-from", ids[source],
               "--cluster-to", ids[target], "--cluster-slots", 15)
cl.agreed(nodes)
stop.append(1)
for t in threads:
    t.join()
assert not why, why
assert done[0] > 20, done
print("%d rounds" % done[0])
assert [r.get("k%d" % i) for i in range(200)] == [str(i) for i in range(200)]
nodes[3].connect().ok("CLUSTER", "FAILOVER", "TAKEOVER")
node.until(10, lambda: cl.role(nodes[3]) == "master", "a new primary")
assert all(r.set("k%d" % i, "new") for i in range(200))
cl.agreed(nodes)
cl.check(nodes[0])
