"""a replica goes on where it was after its primary has started again

A redis-server follows a node that ends with a snapshot and starts again from
it: the replica continues by a partial resynchronisation, under the id that the
file names, and both data sets are the same.
"""

import node


def info(c, section="replication"):
    """A section of INFO as a dict."""
    return dict(line.split(":", 1) for line in
                c.ok("INFO", section)[1].decode().split("\r\n")
                if ":" in line)


ours = node.Node("a", ["--workers", "2", "--repl-diskless-sync-delay", "0"],
                 kind="almandined")
c = ours.connect()
c.pipeline([("SET", "k%d" % i, i) for i in range(1000)])
theirs = node.Node("b", ["--replicaof", "127.0.0.1 %d" % ours.port],
                   kind="redis")
d = theirs.connect()
node.until(20, lambda: info(d).get("master_link_status") == "up", "the link")
c.pipeline([("SELECT", 2), ("RPUSH", "l", "1", "2"), ("INCR", "n")])
node.until(5, lambda: info(c)["master_repl_offset"] ==
           info(d)["master_repl_offset"], "offsets meet")
c.send("SHUTDOWN", "SAVE")
node.until(10, lambda: ours.child.poll() is not None, "the end")
ours.start()
c = ours.connect()
node.until(20, lambda: info(c)["connected_slaves"] == "1" and
           info(d).get("master_link_status") == "up", "the link again")
stats = info(c, "stats")
assert (stats["sync_full"], stats["sync_partial_ok"]) == ("0", "1"), stats
c.ok("SET", "after", "1")
node.until(5, lambda: info(c)["master_repl_offset"] ==
           info(d)["master_repl_offset"], "offsets meet again")
assert c.ok("DEBUG", "DIGEST") == d.ok("DEBUG", "DIGEST")
