"""INFO: the fields that redis-server has, but for a list; figures of
replication, of processor time and of maxmemory are real"""

# limit 60s

import following
import node

# What would be a guess or has no counterpart (almandine-commands(7)).
LEFT_OUT = {
    "expired_stale_perc", "reply_buffer_shrinks", "reply_buffer_expands",
    "slave_expires_tracked_keys", "dump_payload_sanitizations",
}


def fields(n):
    return set(following.info(n.connect(), "default"))


theirs = node.Node("theirs", kind="redis")
a = node.Node("a", ["--workers", "2",
                   "--repl-diskless-sync-delay", "0"], kind="almandined")
lacks = {f for f in fields(theirs) - fields(a)
         if not f.startswith("errorstat_")}
assert lacks == LEFT_OUT, lacks ^ LEFT_OUT

# a stream is counted on both sides
c = a.connect()
b = node.Node("b", ["--replicaof", "127.0.0.1 %d" % a.port,
                    "--workers", "1"], kind="almandined")
d = b.connect()
node.until(20, lambda: following.info(d, "replication")
           ["master_link_status"] == "up", "the link")
c.ok("SET", "k", "x" * 100000)


def repl(conn, way):
    stats = following.info(conn, "stats")
    got = int(stats["total_net_repl_%s_bytes" % way])
    assert got <= int(stats["total_net_%s_bytes" % way])
    return got


node.until(10, lambda: repl(c, "output") > 100000, "what was sent")
node.until(10, lambda: repl(d, "input") > 100000, "what came")
assert repl(c, "input") == repl(d, "output") == 0
assert following.info(d, "stats")["unexpected_error_replies"] == "0"

# time of all processes, and of the workers among them
c.ok("DEBUG", "POPULATE", 300000)


def cpu():
    return {f: float(v) for f, v in following.info(c, "cpu").items()}


node.until(10, lambda: 0 < cpu()["used_cpu_user_main_thread"] <=
           cpu()["used_cpu_user"], "time")

# time above maxmemory
assert following.info(c, "stats")["total_eviction_exceeded_time"] == "0"
c.ok("CONFIG", "SET", "maxmemory", "1mb")
node.until(10, lambda: int(following.info(c, "stats")
                           ["current_eviction_exceeded_time"]) > 0, "excess")
c.ok("CONFIG", "SET", "maxmemory", "0")
node.until(10, lambda: following.info(c, "stats")
           ["current_eviction_exceeded_time"] == "0", "no excess")
assert int(following.info(c, "stats")["total_eviction_exceeded_time"]) > 0

# the percentiles that are asked for
c.ok("CONFIG", "SET", "latency-tracking-info-percentiles", "25 99.99")
line = following.info(c, "latencystats")["latency_percentiles_usec_set"]
assert line.startswith("p25=") and ",p99.99=" in line, line
for wrong in ("101", "-1", "x", "50 x"):
    assert c.call("CONFIG", "SET", "latency-tracking-info-percentiles",
                  wrong)[0] == "error", wrong
