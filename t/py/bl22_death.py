"""a worker is killed while clients of it wait: the others have their turn"""

import re

import killing
import node


def blocked(c):
    text = c.call("INFO", "clients")[1].decode()
    return int(re.search(r"blocked_clients:(\d+)", text).group(1))


def main():
    a = node.Node("a", ["--workers", "2"])
    c = a.connect()
    waiters = []
    for i in range(30):
        w = a.connect(seconds=10)
        w.send("BLPOP", "q", 0)
        node.until(5, lambda: blocked(c) == i + 1, "%d blocked" % (i + 1))
        waiters.append(w)
    names = killing.workers_of(a, waiters)
    lost, left = ([w for w, name in zip(waiters, names) if
                   (name == "worker 0") == is_lost] for is_lost in (True, False))
    assert lost and left, len(lost)
    old = a.hit("worker 0")
    a.respawned("worker 0", old)
    # The kernel closes them a moment after their process.
    assert all(w.is_closed(10) for w in lost)
    assert not any(w.is_closed(0.01) for w in left)

    def connected():
        c = a.connect()
        try:
            return c if c.call("PING")[0] == "simple" else None
        except node.Gone:
            return None

    c = node.until(5, connected, "a connection")
    node.until(5, lambda: blocked(c) == len(left), "only those left wait")
    for i, w in enumerate(left):
        c.ok("RPUSH", "q", "v%d" % i)
        assert w.read() == ("array", [("bulk", b"q"), ("bulk", b"v%d" % i)])
    node.until(5, lambda: blocked(c) == 0, "nobody waits")
    # and the new worker's clients wait behind the others
    first = [a.connect() for _ in range(12)]
    for i, w in enumerate(first):
        w.send("BLPOP", "q", 0)
        node.until(5, lambda: blocked(c) == i + 1, "%d blocked" % (i + 1))
    c.ok("RPUSH", "q", *range(12))
    for i, w in enumerate(first):
        assert w.read() == ("array", [("bulk", b"q"),
                                      ("bulk", b"%d" % i)]), i
    assert a.stop() == 0


main()
