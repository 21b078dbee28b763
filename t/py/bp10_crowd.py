"""publishers and subscribers on three workers: each message arrives once, whole,
in each publisher's order and in one order for all; long messages too; who is
slow loses nothing, who does not read at all is dropped"""

# limit 60s

import random
import threading
import time

import node

SUBSCRIBERS = 12
PUBLISHERS = 6
EACH = 500
LONG = [1, 16000, 16384, 65400, 65536, 70000, 1 << 20, 5 << 20, 20 << 20]

a = node.Node("a", ["--workers", "3", "--proto-max-bulk-len", "512mb",
                    "--client-output-buffer-limit", "pubsub 0 0 0"])
c = a.connect(seconds=30)


def subscribers(count, *words):
    found = []
    for i in range(count):
        s = a.connect(proto=2 + i % 2, seconds=30)
        s.send(*words)
        assert s.read()[1][0] == ("bulk", words[0].lower().encode())
        found.append(s)
    return found


def texts(s, count):
    out = []
    for _ in range(count):
        out.append(s.read()[1][-1][1])
    return out


# ---- order and exact counts ----

hearers = subscribers(SUBSCRIBERS, "SUBSCRIBE", "news") + subscribers(
    SUBSCRIBERS, "PSUBSCRIBE", "n[e]ws")
trouble = []


def publish(number):
    p = a.connect(seconds=30)
    r = random.Random(number)
    for at in range(0, EACH, 50):
        replies = p.pipeline([("PUBLISH", "news", "%d:%d:%s" % (
            number, at + i, "x" * r.randrange(200))) for i in range(50)])
        for reply in replies:
            if reply != ("int", 2 * SUBSCRIBERS):
                trouble.append(reply)


threads = [threading.Thread(target=publish, args=(i,)) for i in
           range(PUBLISHERS)]
for t in threads:
    t.start()
first = None
for s in hearers:
    got = texts(s, PUBLISHERS * EACH)
    first = first or got
    assert got == first, "subscribers heard another order"
for t in threads:
    t.join()
assert not trouble, trouble[:3]
for number in range(PUBLISHERS):
    mine = [int(t.split(b":")[1]) for t in first
            if t.startswith(b"%d:" % number)]
    assert mine == list(range(EACH)), "publisher %d is out of order" % number

# ---- long messages, some longer than the ring; short ones behind them ----

few = hearers[:2] + hearers[-2:]
for s in hearers[2:-2]:
    s.close()
node.until(10, lambda: c.call("PUBLISH", "news", "x") == ("int", 4))
for s in few:
    s.seconds = 60
    while s.read()[1][-1][1] != b"x" or s.buf:
        pass
c.ok("PUBLISH", "news", "begin")
for s in few:
    while s.read()[1][-1][1] != b"begin":
        pass
rng = random.Random(3)
words = [rng.randbytes(n) for n in LONG]
sender = threading.Thread(target=lambda: [
    c.pipeline([("PUBLISH", "news", w), ("SET", "k", i),
                ("PUBLISH", "news", "after %d" % i)])
    for i, w in enumerate(words)])
sender.start()
for s in few:
    got = texts(s, 2 * len(words))
    for i, w in enumerate(words):
        assert got[2 * i] == w and got[2 * i + 1] == b"after %d" % i, i
sender.join()
# ... in a transaction
c.send("MULTI")
for w in words[:-1]:
    c.send("PUBLISH", "news", w)
c.send("EXEC")
for s in few:
    assert texts(s, len(words) - 1) == words[:-1]
for _ in range(len(words) + 1):
    reply = c.read()
assert reply[0] == "array" and reply[1] == [("int", 4)] * (len(words) - 1)

# ---- a worker that is busy keeps nobody waiting for long and loses nothing ----

sleepers = [a.connect(seconds=30) for _ in range(12)]
began = time.monotonic()
sleepers[0].send("DEBUG", "SLEEP", 1)
total = 0
awake = [a.connect(seconds=30) for _ in range(12)]
block = "y" * 20000
sent = []


def flood(p, number):
    replies = p.pipeline([("PUBLISH", "news", "%d %s" % (i, block))
                          for i in range(number, number + 100)])
    sent.extend(replies)


floods = [threading.Thread(target=flood, args=(p, 1000 * i))
          for i, p in enumerate(awake)]
for t in floods:
    t.start()
for s in few:
    got = [int(t.split(b" ")[0]) for t in texts(s, 100 * len(awake))]
    for i in range(len(awake)):
        assert [n for n in got if n // 1000 == i] == list(
            range(1000 * i, 1000 * i + 100))
for t in floods:
    t.join()
assert sent == [("int", 4)] * (100 * len(awake))
assert sleepers[0].read() == ("simple", b"OK")

# ---- who does not read ----

c.ok("CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 0 0")
reader, deaf = few[0], few[1]
for s in few[2:]:
    s.close()
node.until(10, lambda: c.call("PUBLISH", "news", "x") == ("int", 2))


def is_dropped():
    reply = c.call("PUBLISH", "news", "z" * 100000)
    for _ in range(1):
        while reader.read()[1][-1][1][:1] != b"z":
            pass
    return reply == ("int", 1)


node.until(20, is_dropped, "the end of a client that does not read")
assert c.call("PUBSUB", "NUMSUB", "news")[1][1] == ("int", 1)
for text in (b"client_output_buffer_limit_disconnections:1\r\n",
             b"pubsub_channels:1\r\npubsub_patterns:0\r\n"):
    node.until(5, lambda: text in c.ok("INFO", "stats")[1], text)
assert a.stop() == 0
