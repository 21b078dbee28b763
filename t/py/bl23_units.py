"""clients that wait for several keys, of which one transaction fills some: each
takes the first in the order of its command that has an element when the
transaction has ended, as Redis 7.2 has it, and nobody is forgotten; time-outs
during a pause are those of redis-server"""

# limit 60s

import time

import node

TIMES = 12  # so that clients are on the same worker, and on different ones
TIMEOUT_MS, PAUSE_MS = 300, 60000


def blocked(c, count):
    def check():
        return b"blocked_clients:%d\r" % count in c.call(
            "INFO", "clients")[1].replace(b"\n", b"\r")
    node.until(5, check, "%d blocked clients" % count)


def asks(n, *words):
    c = n.connect()
    c.send(*words)
    return c


def unit(c, *commands):
    c.ok("MULTI")
    for words in commands:
        assert c.call(*words) == ("simple", b"QUEUED"), words
    got = c.ok("EXEC")
    assert got[0] == "array" and not [x for x in got[1]
                                      if x[0] == "error"], got


def words(reply):
    return [x[1] for x in reply[1]]


def fills(n, c, verb, waits, put):
    for _ in range(int(node.lasting(TIMES))):
        c.ok("FLUSHALL")
        # The one key that was filled last stands first in the command.
        one = asks(n, verb, "k1", "k2", "k3", 0)
        blocked(c, 1)
        unit(c, put("k3", "c"), put("k2", "b"))
        assert words(one.read())[:2] == [b"k2", b"b"]
        assert waits(c, "k3") == 1

        # It leaves the key that it was woken for to who waits behind it.
        c.ok("FLUSHALL")
        one = asks(n, verb, "k1", "k2", 0)
        blocked(c, 1)
        two = asks(n, verb, "k2", 0)
        blocked(c, 2)
        unit(c, put("k2", "b"), put("k1", "a"), put("k1", "d"))
        assert words(one.read())[:2] == [b"k1", b"a"]
        assert words(two.read())[:2] == [b"k2", b"b"]
        assert waits(c, "k1") == 1 and waits(c, "k2") == 0
        blocked(c, 0)


def paused(n):
    """Who waited before a pause is told in time; who asks during it begins to
    wait when it is over."""
    c = n.connect()
    before = asks(n, "BLPOP", "none", TIMEOUT_MS / 1000)
    blocked(c, 1)
    c.ok("CLIENT", "PAUSE", PAUSE_MS, "WRITE")
    during = asks(n, "BLPOP", "none", TIMEOUT_MS / 1000)
    assert before.read() == ("nil-array",)
    try:
        got = during.read(seconds=4 * TIMEOUT_MS / 1000)
        raise AssertionError("a pause lets BLPOP through: %r" % (got,))
    except TimeoutError:
        pass
    start = time.monotonic()
    c.ok("CLIENT", "UNPAUSE")
    assert during.read() == ("nil-array",)
    assert time.monotonic() - start > TIMEOUT_MS / 1000 / 2
    # With everything held it is the same.
    before = asks(n, "BLPOP", "none", TIMEOUT_MS / 1000)
    blocked(c, 1)
    c.ok("CLIENT", "PAUSE", PAUSE_MS)
    assert before.read() == ("nil-array",)


a = node.Node("a", ["--workers", "3"])
admin = a.connect()
fills(a, admin, "BLPOP", lambda c, k: c.ok("LLEN", k)[1],
      lambda k, v: ("RPUSH", k, v))
fills(a, admin, "BZPOPMIN", lambda c, k: c.ok("ZCARD", k)[1],
      lambda k, v: ("ZADD", k, 1, v))
paused(a)
try:
    paused(node.Node("r", kind="redis"))
except node.Skip:
    pass
