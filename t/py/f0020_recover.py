"""the recovery lock has one holder, and a broken link begins anew by itself

A replica of a primary that falls silent in the handshake: EnsureReplication
begins the link anew, and counts.  While
a snapshot comes the lock is held for ClusterReplicate; an operator's next word
goes before that.  When the stream is there, nobody holds it.
"""

import node
from primary import Primary, fullresync, script


def info(c):
    return dict(line.split(":", 1) for line in
                c.ok("INFO", "replication")[1].decode().split("\r\n")
                if ":" in line)


def says(field, value):
    return lambda: info(c)[field] == value


source = node.Node("s", ["--dbfilename", "whole.rdb",
                         "--repl-diskless-sync-delay", "2"],
                   kind="almandined")
s = source.connect()
s.ok("SET", "k", "v")
s.ok("SAVE")
with open(source.dir + "/whole.rdb", "rb") as file:
    rdb = file.read()

option = "cluster-replication-reestablishment-timeout"
n = node.Node("n", ["--" + option, "1"], kind="almandined")
c = n.connect()
assert c.ok("CONFIG", "GET", option)[1][1][1] == b"1"
assert info(c)["recover_status"] == "NoRecovery"
assert info(c)["last_failover_state"] == "no-failover"

# It connects and hears nothing: the link's own patience is a minute.
silent = Primary(script(None, silent_at="PING"))
c.ok("REPLICAOF", "127.0.0.1", silent.port)
assert info(c)["recover_status"] == "ClusterReplicate"
node.until(5, lambda: silent.connections > 1, "another attempt")
node.until(5, lambda: int(info(c)["replication_attempts"]) >= 1, "a count")
assert info(c)["master_link_status"] == "down"

# A snapshot that is not whole: an attachment under way, and another order.
half = Primary(script(fullresync(rdb)[:-10]))
c.ok("REPLICAOF", "127.0.0.1", half.port)
node.until(5, says("master_sync_in_progress", "1"), "a snapshot")
assert info(c)["recover_status"] == "ClusterReplicate"
assert info(c)["replication_last_reason"] in (
    "an attempt is under way", "the stream is not up")
c.ok("REPLICAOF", "127.0.0.1", source.port)
attempts = info(c)["replication_attempts"]
# This one takes its time to answer, which is no reason to ask again.
node.until(10, says("master_link_status", "up"), "the stream")
assert info(c)["replication_attempts"] == attempts
node.until(5, says("recover_status", "NoRecovery"), "nobody holds the lock")
assert c.ok("GET", "k")[1] == b"v"
node.until(5, says("replication_last_reason", "the stream is up"), "a look")

# Off means off; and a node that is no replica needs none.
c.ok("CONFIG", "SET", option, "0")
before, attempts = silent.connections, info(c)["replication_attempts"]
c.ok("REPLICAOF", "127.0.0.1", silent.port)
node.until(5, lambda: silent.connections > before, "one attempt")
node.until(5, says("replication_last_reason", option + " is 0"), "off")
c.ok("REPLICAOF", "NO", "ONE")
node.until(5, says("recover_status", "NoRecovery"), "the lock is free")
assert info(c)["replication_attempts"] == attempts
node.until(5, says("replication_last_reason",
                   option + " is 0"), "still off")
