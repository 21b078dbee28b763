"""a primary whose lease has ended acknowledges nothing

Writes wait, and reads go on.  When the lease is renewed in time nobody has seen
anything but a delay; else writers are told that the cluster is down.  What was
written behind the end, because a command before it took long, is answered when
the lease is renewed, or as in doubt; so is what a worker that was stopped had
not sent, and in doubt is then the whole connection.  No connection is dropped
before that.
"""

import clustering as cl
import killing
import node

LIMIT = int(1500 * node.SLOW)      # ms: cluster-node-timeout

n = node.Node("a", ["--workers", "2", "--cluster-enabled", "yes",
                    "--cluster-port", str(node.free_port()),
                    "--cluster-node-timeout", str(LIMIT)])
n.connect().ok("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
node.until(5, lambda: cl.info(n, "cluster_state") == "ok", "a cluster of one")
one, other = (killing.connect_to(n, "worker %d" % i) for i in range(2))


def lease(ms):
    other.ok("DEBUG", "LEASE", ms)


def queued(*commands):
    x = n.connect()
    x.ok("MULTI")
    for words in commands:
        x.ok(*words.split())
    return x


# Writes wait; the rest does not.
one.ok("SET", "{a}k", "v")
pop = n.connect(seconds=30)
pop.send("BLPOP", "{a}list", "0")
held = [n.connect() for i in range(20)]
multi, reader = queued("SET {a}m 1", "GET {a}k"), queued("GET {a}k")
lease(0)
for i, x in enumerate(held):
    x.send("SET", "k%d" % i, "v")
multi.send("EXEC")
assert reader.ok("EXEC")[1] == [("bulk", b"v")]
assert one.ok("GET", "{a}k")[1] == b"v"
assert one.ok("DBSIZE") == ("int", 1)
lease(60000)
for x in held:
    assert x.read() == ("simple", b"OK")
assert multi.read()[1] == [("simple", b"OK"), ("bulk", b"v")]
assert one.ok("DBSIZE") == ("int", 22)

# For a while; then they are told, and so is who comes later.
x, multi = n.connect(), queued("SET {a}n 1")
lease(0)
x.send("SET", "late", "v")
multi.send("EXEC")
down = ("error", b"CLUSTERDOWN The cluster is down")
assert x.read() == down
assert multi.read()[1].startswith(b"EXECABORT") and reader.ok("PING")
assert one.call("SET", "late", "v") == down
assert one.call("LPUSH", "{a}list", "v") == down
assert one.ok("EXISTS", "late") == ("int", 0)
lease(60000)
one.ok("SET", "late", "v")


# The lease ends within a turn: what is written behind a command that takes
# long, and what is answered before it.
def slow(ms):
    """Three requests in one piece: the lease ends in the second."""
    x = killing.connect_to(n, "worker 0")
    lease(ms)
    x.send_raw(node.encode(["SET", "{a}x", "1"])
               + node.encode(["DEBUG", "SLEEP", "0.6"])
               + node.encode(["SET", "{a}x", "2"])
               + node.encode(["GET", "{a}x"]))
    return x


def renewed():
    """In time: all is answered, and not before.  False: this was too slow."""
    x = slow(300)
    try:
        answer = x.read(seconds=1)
        assert answer[0] == "error", "an answer behind the end of the lease"
        return False
    except TimeoutError:
        pass
    finally:
        lease(60000)
    answers = [x.read() for _ in range(4)]
    if "error" in [a[0] for a in answers]:
        return False
    assert answers == [("simple", b"OK")] * 3 + [("bulk", b"2")], answers
    return True


def doubted():
    """Not in time.  False: it had ended before the first request came."""
    x = slow(300)
    answers = [x.read() for _ in range(4)]
    lease(60000)
    if answers[0] == down:
        return False
    assert [a[0] for a in answers] == ["error", "simple", "error", "bulk"], \
        answers
    assert answers[0][1].startswith(b"INDOUBT "), answers
    assert answers[2][1].startswith(b"INDOUBT "), answers
    assert answers[3] == ("bulk", b"2")
    return True


def deep():
    """The end of slow() behind more requests than are served as one batch: of
    the first ones nobody noted which replies are a write's.  The answers up to
    the end of the lease, and the connection; None: it had ended before."""
    x = killing.connect_to(n, "worker 0")
    lease(300)
    x.send_raw(node.encode(["SET", "{a}x", "1"]) * 300
               + node.encode(["DEBUG", "SLEEP", "0.6"])
               + node.encode(["SET", "{a}x", "2"])
               + node.encode(["GET", "{a}x"]))
    answers = []
    try:
        while len(answers) < 303:
            answers.append(x.read(seconds=1))
    except TimeoutError:
        pass
    if len(answers) < 303 and down not in answers:
        return x, answers
    lease(60000)
    return None


def renewed_deep():
    """Nobody loses a connection that all could be told on."""
    seen = deep()
    if seen is None:
        return False
    x, answers = seen
    lease(60000)
    answers += [x.read() for _ in range(303 - len(answers))]
    assert answers == [("simple", b"OK")] * 302 + [("bulk", b"2")], answers
    return True


def doubted_deep():
    """Not in time: what nobody can tell apart is in doubt as a whole."""
    seen = deep()
    if seen is None:
        return False
    x, answers = seen
    assert x.is_closed(10 * node.SLOW) and not x.buf, x.buf
    lease(60000)
    assert one.ok("GET", "{a}x") == ("bulk", b"2")
    return True


node.until(20, renewed, "a lease that is renewed in time")
node.until(20, doubted, "a lease that ends within a turn")
node.until(20, renewed_deep, "the same behind many requests")
node.until(20, doubted_deep, "a lease that ends behind many requests")

def unsent():
    """A worker has written and not answered when the lease ends.  None: it had
    ended before the request came."""
    writer = killing.connect_to(n, "worker 0")
    writer.ok("SET", "{a}x", "old")
    mark = "fault writes-unsent: holds"
    before = n.log_count(mark)
    other.ok("DEBUG", "FAULT", "writes-unsent", "hold", "60000", "once")
    lease(300)
    writer.send_raw(node.encode(["GET", "{a}x"])
                    + node.encode(["SET", "{a}x", "new"])
                    + node.encode(["PING"]))
    node.until(10, lambda: b"cluster_write_lease_left_ms:0\r\n" in
               other.ok("CLUSTER", "INFO")[1], "the end of the lease")
    is_held = n.log_count(mark) > before
    other.ok("DEBUG", "FAULT", "writes-unsent", "off")
    if is_held:
        return writer
    lease(60000)
    return None


def renewed_unsent():
    writer = unsent()
    if writer is None:
        return False
    try:
        answer = writer.read(seconds=0.2)
        raise AssertionError("behind the end of the lease: %r" % (answer,))
    except TimeoutError:
        pass
    lease(60000)
    answers = [writer.read() for _ in range(3)]
    assert answers == [("bulk", b"old"), ("simple", b"OK"),
                       ("simple", b"PONG")], answers
    return True


def doubted_unsent():
    """Which of the replies is a write's nobody knows any more."""
    writer = unsent()
    if writer is None:
        return False
    assert writer.is_closed(10 * node.SLOW) and not writer.buf, writer.buf
    lease(60000)
    assert one.ok("GET", "{a}x") == ("bulk", b"new")
    return True


if node.has_faults(other):
    node.until(20, renewed_unsent, "a lease that is renewed before an answer")
    node.until(20, doubted_unsent, "an end of the lease before an answer")

lease(-1)
one.ok("LPUSH", "{a}list", "v")
assert pop.read()[1][1] == ("bulk", b"v")
