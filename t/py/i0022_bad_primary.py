"""primaries that are silent, damaged, or not what they were

A replica that has data follows primaries which fall silent in each phase,
whose snapshots are cut, flipped, of another version or hold what we refuse:
the old data stays, the log says why, the link is tried again.  Then one that is
in order; it changes its id; it sends what can not be applied.
"""

# limit 120s

import os
import re
import threading

import following as f
import node
import primary
from primary import Primary, fullresync, script

MARK = b"0123456789" * 4

# A snapshot to be damaged: all types, some of them compressed.
source = node.Node("s", kind="almandined")
c = source.connect()
c.pipeline([("SET", "new%d" % i, "v" * (i * 7 % 300)) for i in range(300)] +
           [("HSET", "h%d" % (i % 5), "f%d" % i, "w" * 30) for i in range(999)]
           + [("ZADD", "z", i, "m%d" % i) for i in range(300)]
           + [("RPUSH", "l", "e" * 50, i) for i in range(300)]
           + [("SADD", "s", i) for i in range(300)]
           + [("HSET", "big", "g%d" % i, i) for i in range(600)]
           + [("HSET", "small", "a", "b", "c", "d")])
c.ok("SAVE")
with open(os.path.join(source.dir, "dump.rdb"), "rb") as file:
    good = file.read()

class Replica(threading.Thread):
    """A replica with data that follows one bad primary after the other."""

    def __init__(self, name, rows):
        super().__init__(daemon=True)
        self.node = node.Node(name, ["--repl-timeout", "1"],
                              kind="almandined")
        self.c = self.node.connect(seconds=20)
        self.c.ok("SET", "old", "1")
        self.rows, self.is_done = rows, False

    def run(self):
        for row in self.rows:
            self.trouble(*row)
        self.is_done = True

    def follow(self, p):
        self.c.ok("REPLICAOF", "127.0.0.1", p.port)

    def log(self):
        with open(self.node.log) as lines:
            return lines.read()

    def trouble(self, answer, text, connections=2):
        """The answer is told so, the link tried again, nothing lost."""
        p = Primary(answer)
        before = len(self.log())
        self.follow(p)
        node.until(20, lambda: p.connections >= connections, text)
        said = self.log()[before:]
        assert re.search(text, said), (text, said)
        assert self.c.ok("GET", "old")[1] == b"1"
        assert self.c.ok("DBSIZE")[1] == 1
        assert f.info(self.node)["master_link_status"] == "down"
        p.server.close()


def ending(answer):
    """A script whose connection ends behind an answer to PSYNC."""
    def ends(p, words):
        if words[0] != "PSYNC":
            return script(None)(p, words)
        p.sock.sendall(answer)
        raise OSError
    return ends


silence, broke = "silence for 1 s", "the connection broke"
at = r"refused at byte \d+: "
unsummed = good[:-8] + b"\0" * 8
# In the pack of a small hash, which whoever passes over it does not see.
z = unsummed.index(b"\x05small") + len("-small-totalc")
# A field twice: in that pack; in a structure of many.
twice = unsummed.replace(b"\x81c\x02", b"\x81a\x02", 1)
many = unsummed.replace(b"\x03g10", b"\x03g15", 1)
assert twice != unsummed and many != unsummed
replicas = [Replica("o%d" % i, rows) for i, rows in enumerate((
    # Silence in each phase: repl-timeout.
    [(script(b"", silent_at="PING"), silence),
     (script(b"", silent_at="REPLCONF"), silence),
     (script(None), silence)],
    [(script(fullresync(good)[:60]), silence),
     (script(fullresync(good)[:9000]), silence),
     (script(fullresync(good, mark=MARK)[:9000]), silence)],
    # The connection ends there; answers that are none.
    [(ending(fullresync(good)[:60]), broke, 3),
     (ending(fullresync(good)[:9000]), broke, 3),
     (ending(fullresync(good, mark=MARK)[:9000]), broke, 3),
     (script(b"-LOADING wait\r\n"), "answers PSYNC: -LOADING wait", 3),
     (script(b"+FULLRESYNC short 1\r\n"), "FULLRESYNC makes no sense", 3),
     (script(b"+CONTINUE short\r\n"), "CONTINUE makes no sense", 3),
     (script(fullresync(b"")[:59] + b"-ERR no disk\r\n"), "-ERR no disk", 3),
     (script(b"x" * 200000), "line is too long", 3)],
    # Snapshots that are not in order: refused with the byte.
    [(script(fullresync(good.replace(b"REDIS0", b"REDIS9", 1))), at),
     (script(fullresync(good[:-20])), at),
     (script(fullresync(good + b"more")), at + "something follows")],
    [(script(fullresync(b"")), at),
     (script(fullresync(good[:9] + b"\x07" + good[9:])), at),
     (script(fullresync(good[:-8] + b"12345678")), "check sum is wrong"),
     (script(fullresync(unsummed[:z] + b"\xf4" + unsummed[z + 1:],
                        mark=MARK)), at),
     (script(fullresync(twice)), at + "a member or a field is there twice"),
     (script(fullresync(many)), at + "a member or a field is there twice")]))]
for o in replicas:
    o.start()
for o in replicas:
    o.join(90 * node.SLOW)
    assert o.is_done, o.node.name
ours, c, follow = replicas[0].node, replicas[0].c, replicas[0].follow

# One that is in order; what it says in the stream.
stream = node.encode(("SELECT", 3)) + node.encode(("SET", "k", "v")) + \
    node.encode(("REPLCONF", "GETACK", "*"))


def continues(words):
    """PSYNC: from where it is, under another id; else the snapshot."""
    if words[1] != primary.ID:
        return fullresync(good, behind=stream)
    assert int(words[2]) == p.acked_before + 1, words
    return b"+CONTINUE " + b"b" * 40 + b"\r\n"


p = Primary(script(continues))
follow(p)
f.linked(ours)
end = 1000 + len(stream)
node.until(5, lambda: p.acked() == end, "an acknowledgement")
info = f.info(ours)
assert int(info["slave_repl_offset"]) == end, info
assert c.ok("DBSIZE")[1] == int(source.connect().ok("DBSIZE")[1])
c.ok("SELECT", 3)
assert c.ok("GET", "k")[1] == b"v"
c.ok("SELECT", 0)
# Cut in the middle of a command: that one is not applied.
more = node.encode(("SET", "k2", "v" * 100000)) + \
    node.encode(("MULTI",)) + node.encode(("INCR", "n"))
p.send(more)
node.until(5, lambda: p.acked() == end + len(node.encode(
    ("SET", "k2", "v" * 100000))), "the whole command")
p.acked_before = p.acked()
p.sock.shutdown(2)
node.until(10, lambda: p.connections == 2, "another connection")
f.linked(ours)
info = f.info(ours)
assert info["master_replid"] == "b" * 40, info
assert info["master_replid2"] == primary.ID, info
assert int(info["second_repl_offset"]) == p.acked_before + 1, info
assert int(info["slave_repl_offset"]) == p.acked_before, info
assert f.info(ours, "keyspace")["db3"].startswith("keys=2,")
# What we do not know stops it, right there; it is tried again.
p.script = script(b"+CONTINUE\r\n")
p.send(node.encode(("SET", "k3", "v")) + node.encode(("NEVER", "k3")))
node.until(10, lambda: p.connections >= 3, "another attempt")
assert ours.log_has("does not have: 'NEVER'")
f.linked(ours)
assert f.info(ours, "keyspace")["db3"].startswith("keys=3,")
