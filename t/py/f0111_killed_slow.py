"""a primary is killed, and the node timeout is fifteen seconds

That its host refuses connections says more than silence: writes of the shard go
on within two seconds at most.  A replica that may not stand says so in CLUSTER
INFO, and does not.
"""

# limit 60s

import clustering as cl
import node
import shard

AT_MOST_MS = 2000 * node.SLOW
nodes = cl.start(["almandined"] * 6, [
    "--workers", "1", "--cluster-node-timeout", "15000"])
cl.create(nodes, replicas=1)
shard.settled(nodes)
load = shard.Load(nodes, writers=2, probe_us=2000)
load.go()
first, second = load.shards["s0"], load.shards["s1"]
load.mark()
first.primary.kill()
load.served(AT_MOST_MS / 1000)
seen = load.report()
print("without a write: %d ms" % seen["s0"].gap_ms)
assert seen["s0"].gap_ms < AT_MOST_MS, seen
assert cl.role(first.replicas[0]) == "master"
assert seen["s1"].breaks == 0 and not seen["s1"].errors, seen
load.hold()
report = load.report()
assert all(counts.extra == 0 for counts in report.values()), report
load.stop()

# The next one: its replica is told not to stand.
quiet = second.replicas[0]
quiet.connect().ok("CONFIG", "SET", "cluster-replica-no-failover", "yes")
assert cl.info(quiet, "cluster_failover_hindrance") == "not-needed"
second.primary.kill()
node.until(5, lambda: cl.info(quiet, "cluster_failover_hindrance") ==
           "no-failover")
assert cl.role(quiet) == "slave"
node.until(5, lambda: quiet.log_has("it does not stand"), "a line of the log")
assert quiet.log_count("it does not stand") == 1
quiet.connect().ok("CONFIG", "SET", "cluster-replica-no-failover", "no")
node.until(20, lambda: cl.role(quiet) == "master")
