"""workers are killed while they publish and subscribe: counts are right again,
nobody waits for the dead, those that live lose nothing; at each fault point, too"""

# limit 90s

import os
import re
import random
import threading

import killing
import node

HERE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
with open(os.path.join(HERE, "shm", "fault.def")) as f:
    POINTS = [p for p in re.findall(r'^FAULT_POINT\(\w+, "([^"]+)"', f.read(),
                                    re.M) if p.startswith(("news-", "subs-"))]

a = node.Node("a", ["--workers", "3", "--shm-size", "256mb"])
rng = random.Random(5)


def connect(seconds=10):
    """A connection that answers: workers come and go."""
    def answers():
        try:
            c = a.connect(seconds=seconds)
            return c if c.call("PING")[0] == "simple" else None
        except (node.Gone, TimeoutError):
            return None
    return node.until(10, answers, "a connection")


def ask(*words):
    def answer():
        try:
            return connect().call(*words)
        except node.Gone:
            return None
    return node.until(10, answer, "an answer")


class Hearer:
    """Subscribes to a channel, a pattern and a shard channel."""

    def __init__(self):
        while True:
            try:
                self.c = connect()
                self.c.call("SUBSCRIBE", "news", "other", "x%d" % id(self))
                self.c.read()
                self.c.read()
                self.c.call("PSUBSCRIBE", "n?ws", "p%d" % id(self))
                self.c.read()
                self.c.call("SSUBSCRIBE", "shard")
                return
            except (node.Gone, TimeoutError):
                continue

    def lives(self):
        """Whether it does; what has come until now is thrown away."""
        try:
            self.c.send("PING", "mark")
            while self.c.read() != ("array", [("bulk", b"pong"),
                                              ("bulk", b"mark")]):
                pass
            return True
        except (node.Gone, TimeoutError, OSError):
            return False


def is_right(hearers):
    """What is counted is what lives."""
    n = len([h for h in hearers if h.lives()])
    return (ask("PUBSUB", "NUMSUB", "news", "other")[1] ==
            [("bulk", b"news"), ("int", n), ("bulk", b"other"), ("int", n)]
            and ask("PUBLISH", "news", "x") == ("int", 2 * n)
            and ask("SPUBLISH", "shard", "x") == ("int", n)
            and ask("PUBSUB", "NUMPAT") == ("int", n + 1 if n else 0)
            and len(ask("PUBSUB", "CHANNELS", "[^f]*")[1]) == (
                n + 2 if n else 0))


def check(hearers, what):
    node.until(10, lambda: is_right(hearers), "right counts " + what)
    return [h for h in hearers if h.lives()]


# ---- killed at random, while publishers go on ----

is_over = threading.Event()


def publish(number):
    i = 0
    while not is_over.is_set():
        try:
            c = connect()
            while not is_over.is_set():
                c.pipeline([("PUBLISH", "flow", "%d:%d %s" % (
                    number, i + k, "x" * 2000)) for k in range(20)])
                i += 20
        except (node.Gone, TimeoutError):
            i += 100000    # what was on its way may have been heard or not


class Flow(threading.Thread):
    """Hears the flow: each publisher's numbers go up, and without a gap."""

    def __init__(self):
        super().__init__(daemon=True)
        self.bad, self.count = None, 0

    def run(self):
        while not is_over.is_set():
            last = {}
            try:
                c = connect()
                c.call("SUBSCRIBE", "flow")
                while not is_over.is_set():
                    text = c.read(0.2)[1][2][1]
                    number, i = map(int, text.split(b" ")[0].split(b":"))
                    before = last.get(number, i - 1)
                    if i != before + 1 and i < before + 90000:
                        self.bad = (number, before, i)
                    last[number] = i
                    self.count += 1
            except TimeoutError:
                continue
            except node.Gone:
                continue


flows = [Flow() for _ in range(4)]
threads = flows + [threading.Thread(target=publish, args=(i,), daemon=True)
                   for i in range(3)]
for t in threads:
    t.start()
hearers = [Hearer() for _ in range(6)]
hearers = check(hearers, "at first")
for _ in range(6):
    name = "worker %d" % rng.randrange(3)
    old = a.hit(name)
    a.respawned(name, old)
    hearers = check(hearers, "after a death")
    hearers += [Hearer() for _ in range(6 - len(hearers))]
    hearers = check(hearers, "with new ones")
before = [f.count for f in flows]
node.until(10, lambda: all(f.count > b + 100 for f, b in zip(flows, before)),
           "the flow goes on")
is_over.set()
for t in threads:
    t.join(20)
assert not any(f.bad for f in flows), [f.bad for f in flows]

# ---- a worker that is stopped, not dead, holds publishers up at the gate ----

stopped = a.process("worker 1")
os.kill(stopped, 19)
sent = []


def fill():
    try:
        c = a.connect(seconds=20)
        for i in range(60):
            sent.append(c.call("PUBLISH", "news", "z" * 500000)[1])
    except (node.Gone, TimeoutError):
        pass


# Some of them are with the worker that is stopped.
fillers = [threading.Thread(target=fill, daemon=True) for _ in range(6)]
for t in fillers:
    t.start()
node.until(10, lambda: len(sent) > 8, "messages go on into the ring")
os.kill(stopped, 9)
a.respawned("worker 1", stopped)
for t in fillers:
    t.join(30)
assert len(sent) >= 60, len(sent)
hearers = check(hearers, "after a stop")

# ---- at each point ----

if b"no fault points" not in ask("DEBUG", "FAULT", "news-heard", "off")[1]:
    for point in POINTS:
        deaths = re.search(rb"process_deaths:(\d+)", ask("INFO", "server")[1])
        c = connect()
        try:
            c.call("DEBUG", "FAULT", point, "die", "once")
        except node.Gone:
            pass

        def died():
            try:
                h = Hearer()
                connect().call("PUBLISH", "news", "x")
                h.c.call("UNSUBSCRIBE")
                h.c.close()
            except (node.Gone, TimeoutError):
                pass
            now = re.search(rb"process_deaths:(\d+)", ask("INFO", "server")[1])
            return now.group(1) != deaths.group(1)

        node.until(20, died, "a death at " + point)
        hearers = check(hearers, "after " + point)
        hearers += [Hearer() for _ in range(4 - len(hearers))]
        hearers = check(hearers, "with new ones after " + point)
killing.sound(ask)
assert a.stop() == 0
