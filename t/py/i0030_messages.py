"""messages go through the log to subscribers of replicas: of redis-server and of
a node, alone, with writes and in transactions; they are no changes of data"""

# limit 60s

import re

import node


def field(c, section, name):
    text = c.ok("INFO", section)[1].decode()
    return re.search(r"%s:(\S+)" % name, text).group(1)


def linked(n, to):
    c = n.connect()
    if c.call("REPLICAOF", "127.0.0.1", to.port)[0] == "error":
        return None
    node.until(20, lambda: field(c, "replication", "master_link_status") ==
               "up", "the link of " + n.name)
    return c


def hears(c, *words):
    return c.read() == ("array", [("bulk", w) for w in words])


a = node.Node("a", ["--repl-diskless-sync-delay", "0"])
replicas = [node.Node("r", kind="redis"), node.Node("s", kind="almandined")]
replicas = [n for n in replicas if linked(n, a)]
assert len(replicas) == 2
subs = []
for n in replicas:
    s = n.connect(seconds=10)
    s.call("SUBSCRIBE", "news")
    s.call("PSUBSCRIBE", "t*")
    s.call("SSUBSCRIBE", "shard")
    subs.append(s)
c = a.connect()
own = a.connect()
own.call("SUBSCRIBE", "news")
c.ok("SET", "k", 0)
before = int(field(c, "persistence", "rdb_changes_since_last_save"))
# Their subscribers are not counted.
assert c.call("PUBLISH", "news", "one") == ("int", 1)
assert c.call("PUBLISH", "two", "2") == ("int", 0)
assert c.call("SPUBLISH", "shard", "3") == ("int", 0)
assert c.call("SELECT", 3) and c.call("PUBLISH", "news", "four")
assert hears(own, b"message", b"news", b"one")
assert hears(own, b"message", b"news", b"four")
for s in subs:
    assert hears(s, b"message", b"news", b"one")
    assert hears(s, b"pmessage", b"t*", b"two", b"2")
    assert hears(s, b"smessage", b"shard", b"3")
    assert hears(s, b"message", b"news", b"four")
assert int(field(c, "persistence", "rdb_changes_since_last_save")) == before
# What was written before can be read when the message comes.
c.ok("SELECT", 0)
for i in range(1, 200):
    c.pipeline([("SET", "k", i), ("PUBLISH", "news", i)])
    for n, s in zip(replicas, subs):
        assert hears(s, b"message", b"news", b"%d" % i)
        assert n.connect().call("GET", "k") == ("bulk", b"%d" % i)
# In transactions, and one that is taken back.
c.pipeline([("MULTI",), ("SET", "k", "x"), ("PUBLISH", "news", "in"),
            ("PUBLISH", "two", "it"), ("EXEC",)])
c.pipeline([("MULTI",), ("PUBLISH", "news", "never"), ("DISCARD",)])
c.pipeline([("MULTI",), ("PUBLISH", "news", "alone"), ("EXEC",)])
for s in subs:
    assert hears(s, b"message", b"news", b"in")
    assert hears(s, b"pmessage", b"t*", b"two", b"it")
    assert hears(s, b"message", b"news", b"alone")
# A replica tells the events of what it applies.
for n, s in zip(replicas, subs):
    n.connect().ok("CONFIG", "SET", "notify-keyspace-events", "KEA")
    s.call("PSUBSCRIBE", "__keyspace@*")
c.ok("SELECT", 2)
c.pipeline([("SET", "e", 1, "PX", 50), ("RPUSH", "l", "a"), ("LPOP", "l"),
            ("SADD", "set", "m"), ("SPOP", "set")])
node.until(10, lambda: c.call("EXISTS", "e") == ("int", 0), "its end")
heard = [[tuple(x[1] for x in s.read()[1][2:]) for _ in range(9)]
         for s in subs]
assert heard[0] == heard[1], heard
for s in subs:
    s.call("PUNSUBSCRIBE", "__keyspace@*")
c.ok("SELECT", 0)
# Long ones, and very many.
c.ok("CONFIG", "SET", "repl-backlog-size", "64mb")
for size in (70000, 1 << 20, 20 << 20):
    c.call("PUBLISH", "news", "L" * size)
    for s in subs:
        assert len(s.read()[1][2][1]) == size
for at in range(0, 20000, 500):
    c.pipeline([("PUBLISH", "news", "%d %s" % (at + i, "y" * 100))
                for i in range(500)])
for s in subs:
    for i in range(20000):
        assert s.read()[1][2][1].startswith(b"%d " % i), i
# A replica's own publish stays there.
for n, s in zip(replicas, subs):
    assert n.connect().call("PUBLISH", "news", "own") == ("int", 1)
    assert hears(s, b"message", b"news", b"own")
    assert field(n.connect(), "replication", "master_link_status") == "up"
print("replicas: " + " ".join(n.name for n in replicas))
