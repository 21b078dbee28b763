"""processes die at random times under load; nothing acknowledged is lost

Clients write each to keys of their own and remember what was acknowledged.
When a connection ends, some first part of what was under way has happened, no
less than was answered: which part, the keys themselves tell.

It lasts a minute; longer with t/run --long.
"""

# limit 200s

import os
import random
import re
import signal
import threading
import time

import killing
import node

SECONDS = node.lasting(60)
CLIENTS = 4
KEYS = 40

pair = killing.Pair(["--workers", "3", "--repl-backlog-size", "512mb"])
over = threading.Event()
troubles = []


class Model:
    """What one client's keys hold: a string, a hash, a list or a set each."""

    def __init__(self):
        self.held = {}

    def apply(self, op, key, *args):
        held = self.held
        if op == "SET":
            held[key] = args[0]
        elif op == "APPEND":
            held[key] = held.get(key, "") + args[0]
        elif op == "INCRBY":
            held[key] = str(int(held.get(key, "0")) + args[0])
        elif op == "HINCRBY":
            field = dict(held.get(key, {}))
            field[args[0]] = str(int(field.get(args[0], "0")) + args[1])
            held[key] = field
        elif op == "RPUSH":
            held[key] = held.get(key, []) + [str(a) for a in args]
        elif op == "LPOP":
            held[key] = held.get(key, [])[1:]
            if not held[key]:
                del held[key]
        elif op == "SADD":
            held[key] = held.get(key, frozenset()) | {str(a) for a in args}
        elif op == "DEL":
            held.pop(key, None)

    def copy(self):
        other = Model()
        other.held = dict(self.held)
        return other


def decode(kind, value):
    if value[0] == "nil":
        return None
    if kind == "h":
        words = [w[1].decode() for w in value[1]]
        return dict(zip(words[::2], words[1::2])) or None
    if kind == "l":
        return [w[1].decode() for w in value[1]] or None
    if kind == "s":
        return frozenset(w[1].decode() for w in value[1]) or None
    return value[1].decode()


READ = {"t": ("GET",), "n": ("GET",), "h": ("HGETALL",),
        "l": ("LRANGE", 0, -1), "s": ("SMEMBERS",)}


class Client(threading.Thread):
    def __init__(self, number):
        super().__init__(daemon=True)
        self.random = random.Random(number)
        self.prefix = "c%d" % number
        self.model, self.conn = Model(), None
        self.acknowledged = self.torn = 0

    def change(self):
        r = self.random
        kind = r.choice("ttnhls")
        key = "%s:%s%d" % (self.prefix, kind, r.randrange(KEYS))
        n = r.randrange(10000)
        if r.randrange(30) == 0:
            return ("DEL", key)
        if r.randrange(60) == 0 and kind == "t":
            return ("SET", key, "big" * 7 * n)
        return {"t": lambda: r.choice((("SET", key, "v%d" % n * 9),
                                       ("APPEND", key, "a%d" % n))),
                "n": lambda: ("INCRBY", key, n),
                "h": lambda: ("HINCRBY", key, "f%d" % (n % 200), n),
                "l": lambda: r.choice((("RPUSH", key, n, n, n),
                                       ("LPOP", key))),
                "s": lambda: ("SADD", key, n, n + 1)}[kind]()

    def read_keys(self, keys):
        """The keys as the node holds them, asked until it answers."""
        end = time.monotonic() + 20 * node.SLOW
        while True:
            try:
                if self.conn is None:
                    self.conn = pair.connect()
                got = self.conn.pipeline([
                    READ[k.split(":")[1][0]][:1] + (k,)
                    + READ[k.split(":")[1][0]][1:] for k in keys])
                return {k: decode(k.split(":")[1][0], v)
                        for k, v in zip(keys, got)}
            except (node.Gone, TimeoutError):
                self.conn = None
                assert time.monotonic() < end, "the node does not answer"

    def settle(self, rest):
        """Which part of what was not answered has happened?"""
        keys = sorted({op[1] for op in rest})
        found = self.read_keys(keys)
        for n in range(len(rest) + 1):
            if all(self.model.held.get(k) == found[k] for k in keys):
                return
            if n < len(rest):
                self.model.apply(*rest[n])
        raise AssertionError("%s lost something: %r\nit has %r" % (
            self.prefix, [op[:2] for op in rest],
            {k: str(v)[:100] for k, v in found.items()}))

    def batch(self):
        ops = [self.change() for _ in range(self.random.randrange(1, 24))]
        answered = 0
        try:
            if self.conn is None:
                self.conn = pair.connect()
            self.conn.send_raw(b"".join(node.encode(w) for w in ops))
            for op in ops:
                value = self.conn.read()
                assert value[0] != "error", (op[:2], value)
                answered += 1
        except (node.Gone, TimeoutError):
            self.conn = None
            self.torn += 1
        for op in ops[:answered]:
            self.model.apply(*op)
        self.acknowledged += answered
        if answered < len(ops):
            self.settle(ops[answered:])

    def run(self):
        try:
            while not over.is_set():
                self.batch()
            keys = ["%s:%s%d" % (self.prefix, kind, i)
                    for kind in "tnhls" for i in range(KEYS)]
            found = self.read_keys(keys)
            for k in keys:
                assert self.model.held.get(k) == found[k], "%s: %r, not %r" % (
                    k, str(found[k])[:200], str(self.model.held.get(k))[:200])
        except BaseException as e:
            troubles.append("%s: %s" % (self.prefix, e))
            over.set()


def kill_somebody(rand):
    processes = pair.alm.processes()
    names = [n for n in processes if n.startswith("worker")]
    if rand.randrange(6) == 0:
        names = [n for n in processes if n == "control"]
    if rand.randrange(10) == 0:
        names = [n for n in processes if n != "supervisor"]
        victims = rand.sample(names, min(2, len(names)))
    else:
        victims = names and [rand.choice(names)]
    for name in victims:
        try:
            os.kill(processes[name], signal.SIGKILL)
        except ProcessLookupError:
            pass
    return len(victims)


clients = [Client(n) for n in range(CLIENTS)]
for c in clients:
    c.start()
rand = random.Random(7)
end, kills = time.monotonic() + SECONDS, 0
read_s = 0
while time.monotonic() < end and not over.is_set():
    over.wait(rand.uniform(0.02, 0.4))
    kills += kill_somebody(rand)
    # What the log holds is not for ever.
    if time.monotonic() - read_s > 1:
        pair.read_log()
        read_s = time.monotonic()
over.set()
for c in clients:
    c.join(60)
assert not troubles, "\n".join(troubles)
assert not any(c.is_alive() for c in clients)

killing.sound(pair.ask)
pair.read_log()
assert pair.reader.ok("DEBUG", "DIGEST")[1] == pair.digest(), \
    "data and log differ"
longest = re.search(rb"longest_mend_usec:(\d+)", pair.ask("INFO", "stats")[1])
assert int(longest.group(1)) < 100000 * node.SLOW, longest.group()
print("%d kills, %d connections torn, %d changes acknowledged" % (
    kills, sum(c.torn for c in clients),
    sum(c.acknowledged for c in clients)))
assert pair.alm.stop() == 0
