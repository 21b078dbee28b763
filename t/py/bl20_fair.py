"""who waits longest is served first, whichever worker it is at"""

import os
import re

import node

WAITERS = 40


def blocked(c):
    text = c.call("INFO", "clients")[1].decode()
    return int(re.search(r"blocked_clients:(\d+)", text).group(1))


def wait_blocked(c, count):
    node.until(5, lambda: blocked(c) == count, "%d blocked" % count)


def sockets(pid):
    count = 0
    for fd in os.listdir("/proc/%d/fd" % pid):
        try:
            count += os.readlink("/proc/%d/fd/%s" % (pid, fd)).startswith(
                "socket:")
        except OSError:
            pass
    return count


def begin(a, c, count, *words):
    """Connections that block one after the other."""
    found = []
    before = blocked(c)
    for i in range(count):
        w = a.connect(seconds=10)
        w.send(*words)
        wait_blocked(c, before + i + 1)
        found.append(w)
    return found


def bulk(data):
    return ("bulk", data)


def pair(key, value):
    return ("array", [bulk(key), bulk(value)])


def one_by_one(a, c):
    waiters = begin(a, c, WAITERS, "BLPOP", "q", 0)
    for i, w in enumerate(waiters):
        c.ok("RPUSH", "q", "v%d" % i)
        assert w.read() == pair(b"q", b"v%d" % i), i
    wait_blocked(c, 0)


def all_at_once(a, c):
    waiters = begin(a, c, WAITERS, "BRPOP", "none", "q", 0)
    c.ok("LPUSH", "q", *["v%d" % i for i in range(WAITERS + 2)])
    for i, w in enumerate(waiters):
        assert w.read() == pair(b"q", b"v%d" % i), i
    assert c.call("LRANGE", "q", 0, -1) == (
        "array", [bulk(b"v%d" % (WAITERS + 1)), bulk(b"v%d" % WAITERS)])
    c.ok("DEL", "q")


def different_commands(a, c):
    """They wait for one key in different ways; order counts, not the way."""
    first = begin(a, c, 1, "BLMPOP", 0, 2, "x{q}", "{q}", "LEFT",
                  "COUNT", 2)
    second = begin(a, c, 1, "BLMOVE", "{q}", "to{q}", "RIGHT", "LEFT", 0)
    third = begin(a, c, 1, "BLPOP", "{q}", 0)
    c.ok("RPUSH", "{q}", 1, 2, 3, 4, 5)
    assert first[0].read() == ("array", [bulk(b"{q}"), ("array", [
        bulk(b"1"), bulk(b"2")])])
    assert second[0].read() == bulk(b"5")
    assert third[0].read() == pair(b"{q}", b"3")
    assert c.call("LRANGE", "to{q}", 0, -1) == ("array", [bulk(b"5")])
    c.ok("DEL", "{q}", "to{q}")


def chain(a, c):
    """An element that goes from list to list wakes all on its way."""
    steps = 12
    movers = []
    for i in reversed(range(steps)):
        movers += begin(a, c, 1, "BLMOVE", "c%d" % i, "c%d" % (i + 1),
                        "LEFT", "RIGHT", 0)
    last = begin(a, c, 1, "BLPOP", "c%d" % steps, 0)
    c.ok("RPUSH", "c0", "ball")
    for m in movers:
        assert m.read() == bulk(b"ball")
    assert last[0].read() == pair(b"c%d" % steps, b"ball")
    assert c.call("EXISTS", *["c%d" % i for i in range(steps + 1)])[1] == 0


def ring(a, c):
    """Two that push to each other's list end when both have had their turn."""
    one = begin(a, c, 1, "BLMOVE", "r1", "r2", "LEFT", "RIGHT", 0)
    two = begin(a, c, 1, "BLMOVE", "r2", "r1", "LEFT", "RIGHT", 0)
    c.ok("RPUSH", "r2", "ball")
    assert two[0].read() == bulk(b"ball")
    assert one[0].read() == bulk(b"ball")
    assert c.call("LLEN", "r2")[1] == 1
    c.ok("DEL", "r2")


def gone(a, c):
    """Who closed, was killed or timed out is passed over."""
    w = begin(a, c, 6, "BLPOP", "q", 0)
    w[0].close()
    wait_blocked(c, 5)
    ids = [line.split(b" ")[0][3:] for line in c.call(
        "CLIENT", "LIST")[1].split(b"\n") if b"cmd=blpop" in line]
    assert len(ids) == 5, ids
    c.ok("CLIENT", "KILL", "ID", min(ids, key=int))
    assert w[1].is_closed(5)
    wait_blocked(c, 4)
    c.ok("CLIENT", "UNBLOCK", sorted(ids, key=int)[1])
    assert w[2].read() == ("nil-array",)
    c.ok("CLIENT", "UNBLOCK", sorted(ids, key=int)[2], "ERROR")
    assert w[3].read() == (
        "error", b"UNBLOCKED client unblocked via CLIENT UNBLOCK")
    c.ok("RPUSH", "q", "x", "y")
    assert w[4].read() == pair(b"q", b"x")
    assert w[5].read() == pair(b"q", b"y")


def many_keys(a, c):
    """One transaction that fills more keys than are told one by one."""
    waiters = []
    for i in range(100):
        waiters += begin(a, c, 1, "BLPOP", "m%d" % (i // 2), 0)
    c.pipeline([["MULTI"]] + [["RPUSH", "m%d" % (i % 50 + 25), i // 50]
                              for i in range(100)] + [["EXEC"]])
    for i, w in enumerate(waiters[50:]):
        assert w.read() == pair(b"m%d" % (i // 2 + 25), b"%d" % (i % 2)), i
    c.pipeline([["RPUSH", "m%d" % i, 0, 1] for i in range(25)])
    for i, w in enumerate(waiters[:50]):
        assert w.read() == pair(b"m%d" % (i // 2), b"%d" % (i % 2)), i


def main():
    a = node.Node("a", ["--workers", "2"])
    c = a.connect()
    for scene in (one_by_one, all_at_once, different_commands, chain, ring,
                  gone, many_keys):
        scene(a, c)
        print(scene.__name__)
    crowd = [a.connect() for _ in range(20)]
    for w in ("worker 0", "worker 1"):
        print(w, sockets(a.process(w)))
    for w in crowd:
        w.close()
    assert a.stop() == 0


main()
