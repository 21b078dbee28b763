"""a primary's stream that is cut anywhere is applied command by command

A primary of the test sends the same commands again and again, in two pieces
that are cut at another byte each time: what is whole is applied and counted to
the byte, what is not waits; a transaction counts when its EXEC is there.  The
replica's log is the stream, byte for byte.
"""

import os

import node
from primary import Primary, fullresync, script

BASE = 1000

# What is sent, and whether it counts before the next one is there.
UNITS = [
    (("SELECT", 1), True),
    (("SET", "k", b"a\r\n*1\r\n$4\r\nPING\r\n"), True),
    (("MULTI",), False), (("INCR", "n"), False), (("SELECT", 2), False),
    (("INCR", "n"), False), (("EXEC",), True),
    (("PING",), True),
    (("REPLCONF", "GETACK", "*"), True),
    (("SET", "", ""), True),
    (("LPUSH", "l", "x"), True),
    (("INCR", "l"), True),          # fails, and counts
    (("MULTI",), False), (("EXEC",), True),
    (("INCR", "n"), True),
]

stream, ends = b"", [0]
for words, counts in UNITS:
    stream += node.encode(words)
    if counts:
        ends.append(len(stream))

source = node.Node("s", kind="almandined")
source.connect().ok("SAVE")
with open(os.path.join(source.dir, "dump.rdb"), "rb") as f:
    p = Primary(script(fullresync(f.read(), BASE)))
ours = node.Node("o", ["--workers", "1", "--repl-backlog-size", "16mb"],
                 kind="almandined")
c = ours.connect(seconds=20)
c.ok("REPLICAOF", "127.0.0.1", p.port)


def offset(name="slave_repl_offset"):
    text = c.ok("INFO", "replication")[1].decode()
    return int(text.split(name + ":")[1].split("\r")[0])


node.until(20, lambda: b"master_link_status:up" in
           c.ok("INFO", "replication")[1], "the link")
at = offset()
assert at == BASE, at
sent = b""
for cut in range(1, len(stream)):
    whole = max(e for e in ends if e <= cut)
    p.send(stream[:cut])
    # The one worker has turned round: what came has been looked at.
    c.ok("PING")
    node.until(10, lambda: offset() == at + whole,
               "%d bytes of those up to %d" % (whole, cut))
    c.ok("PING")
    assert offset() == at + whole, (cut, whole, offset() - at)
    p.send(stream[cut:])
    at += len(stream)
    node.until(10, lambda: offset() == at, "the rest behind %d" % cut)
    sent += stream
assert offset("master_repl_offset") == at
node.until(10, lambda: p.acked() == at, "the last ACK")
assert p.connections == 1
times = len(stream) - 1
for db, want in (1, times), (2, 2 * times):
    c.ok("SELECT", db)
    assert c.ok("GET", "n")[1] == b"%d" % want, (db, want)
assert c.ok("LLEN", "l")[1] == times
log, at = b"", BASE
while len(log) < len(sent):
    log += c.ok("DEBUG", "BACKLOG", at + len(log))[1]
assert log == sent
print("%d cuts" % times)
