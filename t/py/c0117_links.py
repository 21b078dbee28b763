"""CLUSTER LINKS shows what waits for a peer that does not read, and that it is
gone when the peer has read it
"""

import bus
import clustering as cl
import node

# A link that is silent for half of it is another one.
cl.TIMEOUT_MS = 60000
a, = cl.start(["almandined"])
c = a.connect()
f = bus.Fake(a)


def link(way):
    """What is told of the peer's connection that goes this way."""
    for one in c.ok("CLUSTER", "LINKS")[1]:
        words = [w[1] for w in one[1]]
        at = dict(zip(words[::2], words[1::2]))
        if (at[b"node"].decode(), at[b"direction"]) == (f.id, way):
            assert at[b"send-buffer-allocated"] >= at[b"send-buffer-used"]
            return at[b"events"], at[b"send-buffer-used"]
    return None


node.until(10, lambda: link(b"to") == (b"r", 0), "the link")
f.listens.clear()
sent = 0
while sent < 40 << 20:
    c.pipeline([("PUBLISH", "news", "x" * 500000)] * 20)
    sent += 20 * 500000


def waits():
    events, used = link(b"to")
    return events == b"rw" and (1 << 20) < used <= sent


node.until(10, waits, "what waits")
f.listens.set()
node.until(20, lambda: link(b"to") == (b"r", 0), "the end of it")
