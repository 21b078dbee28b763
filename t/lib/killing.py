"""killing - a node under changes, and two servers that know what it must hold

A Pair is an almandined and two redis-servers.  The first, the twin, executes
every change that was acknowledged; the second, the reader, executes what
almandined's own log of writes says.  After any death the three must agree
(DEBUG DIGEST): nothing acknowledged is lost, nothing is half done, data and log
are the same.

Not here: who is killed, and when (t/py/k*).
"""

import contextlib
import os
import random

import node
import resp

BIG = 300000  # bytes: more than one span of the heap
LOG_PIECE = 16 << 20  # what DEBUG BACKLOG returns at most


def workers_of(a, conns):
    """The names of the processes of node a that serve these connections."""
    inodes, served = {}, {}
    with open("/proc/net/tcp") as f:
        for words in map(str.split, f):
            inodes[words[1][-4:] + words[2][-4:]] = "socket:[%s]" % words[9]
    for name, pid in a.processes().items():
        try:
            for fd in os.listdir("/proc/%d/fd" % pid):
                with contextlib.suppress(FileNotFoundError):
                    served[os.readlink("/proc/%d/fd/%s" % (pid, fd))] = name
        except (FileNotFoundError, ProcessLookupError):
            pass
    found = [served.get(inodes.get("%04X%04X" % (
        a.port, c.sock.getsockname()[1]))) for c in conns]
    if None in found:
        raise node.Gone("nobody serves the connection")
    return found


def worker_of(a, c):
    """The name of the process of node a that serves connection c."""
    return workers_of(a, [c])[0]


def connect_to(a, name, seconds=10):
    """A connection that is served by the process of that name."""
    def once():
        try:
            c = a.connect(seconds=seconds)
            c.ok("PING")
            if worker_of(a, c) == name:
                return c
            c.close()
        except (node.Gone, TimeoutError):
            pass
        return None
    return node.until(10, once, "a connection to " + name)


def sound(ask):
    """The report on the region, which is sound as soon as no saver frees what
    was left to it: while it does, its journal is open."""
    def is_sound():
        nonlocal report
        report = ask("DEBUG", "REGION")[1].decode()
        return report.startswith("region:sound")
    report = ""
    try:
        node.until(10, is_sound, "a sound region")
    except AssertionError as e:
        raise AssertionError(report) from e
    return report


class Pair:
    def __init__(self, args=(), seed=1):
        self.random = random.Random(seed)
        self.alm = node.Node("alm", ["--respawn-limit", "0"] + list(
            args or ["--workers", "2", "--repl-backlog-size", "256mb"]))
        self.twin = node.Node("twin", kind="redis").connect(seconds=30)
        self.reader = node.Node("reader", kind="redis").connect(seconds=30)
        self.read_to = 0
        self.connections = []
        self.changes = 0

    # --- connections

    def connect(self):
        """A connection that works (to whichever worker)."""
        return node.until(10, self._connected, "a connection")

    def _connected(self):
        try:
            c = self.alm.connect(seconds=10)
            c.ok("PING")
            return c
        except (node.Gone, TimeoutError):
            return None

    def some(self):
        """One of a few connections, which reach several workers."""
        while len(self.connections) < 6:
            self.connections.append(self.connect())
        return self.random.choice(self.connections)

    def ask(self, *words):
        """A question that may be repeated until it is answered."""
        def once():
            c = self.connect()
            try:
                value = c.call(*words)
                return None if value[0] == "error" and \
                    b"replaced while" in value[1] else value
            except (node.Gone, TimeoutError):
                return None
            finally:
                c.close()
        return node.until(10, once, " ".join(map(str, words)))

    # --- changes

    def key(self):
        return "k%d" % self.random.randrange(60)

    def change(self):
        """A random change whose result does not depend on chance."""
        r = self.random
        k, n = self.key(), r.randrange(1000)
        text = "v%d" % n * r.choice((1, 1, 1, 4, 40))
        return r.choice((
            lambda: ("SET", k, text),
            lambda: ("SET", k, n),
            lambda: ("SET", k, text, "EX", 100000),
            lambda: ("SET", "{big}%d" % (n % 3), "x" * (BIG + n)),
            lambda: ("APPEND", "a" + k, text),
            lambda: ("SETRANGE", "a" + k, n, text),
            lambda: ("INCRBY", "n" + k, n),
            lambda: ("DEL", k, self.key(), "a" + self.key()),
            lambda: ("DEL", "{big}%d" % (n % 3)),
            lambda: ("MSET", k, text, self.key(), n, self.key(), text),
            lambda: ("EXPIRE", k, 100000 + n),
            lambda: ("PERSIST", k),
            lambda: ("RENAME", k, self.key()),
            lambda: ("HSET", "h" + k, n, text, n + 1, n),
            lambda: ("HDEL", "h" + k, n, n + 1, n + 2),
            lambda: ("RPUSH", "l" + k) + (text,) * r.choice((1, 5, 50)),
            lambda: ("LPOP", "l" + k, r.choice((1, 30))),
            lambda: ("LINSERT", "l" + k, "BEFORE", text, n),
            lambda: ("SADD", "s" + k) + tuple(
                range(n, n + r.choice((1, 3, 300)))),
            lambda: ("SREM", "s" + k, n, n + 1, n + 2),
            lambda: ("SUNIONSTORE", "s" + k, "s" + self.key(),
                     "s" + self.key()),
            lambda: ("ZADD", "z" + k, n, text, n + 1, n),
            lambda: ("ZADD", "z" + k) + tuple(
                w for i in range(150) for w in (i, "m%d" % (i + n))),
            lambda: ("ZREMRANGEBYSCORE", "z" + k, n, n + 300),
            lambda: ("DEL", "h" + k, "l" + k, "s" + k, "z" + k),
        ))()

    def digest(self):
        value = self.ask("DEBUG", "DIGEST")
        assert value[0] == "simple", value
        return value[1]

    def batch(self, count):
        """Sends changes in one piece.  True when all were answered; otherwise
        the worker died, and some first part of them has happened."""
        changes = [self.change() for _ in range(count)]
        self.changes += count
        c = self.some()
        answers = []
        try:
            c.send_raw(b"".join(node.encode(w) for w in changes))
            for _ in changes:
                answers.append(c.read())
        except (node.Gone, TimeoutError) as e:
            assert isinstance(e, node.Gone), "no answer: %r" % (changes,)
        for w, answer in zip(changes, answers):
            self._same(w, answer)
        if len(answers) == len(changes):
            return True
        self.connections.remove(c)
        self.settle(changes[len(answers):])
        return False

    def _same(self, words, answer):
        expected = self.twin.call(*words)
        assert answer == expected, "%s: %s instead of %s" % (
            " ".join(map(str, words))[:200], resp.show(answer)[:500],
            resp.show(expected)[:500])

    def settle(self, rest):
        """Finds how many of the changes that were not answered happened."""
        ours = self.digest()
        for n in range(len(rest) + 1):
            if self.twin.ok("DEBUG", "DIGEST")[1] == ours:
                return n
            if n < len(rest):
                self.twin.call(*rest[n])
        raise AssertionError("what was acknowledged is not there: %r" % (
            [" ".join(map(str, w))[:60] for w in rest],))

    def drop_connections(self):
        for c in self.connections:
            c.close()
        self.connections = []

    # --- what must hold

    def check(self):
        """The region is sound; twin, node and log agree."""
        sound(self.ask)
        assert self.twin.ok("DEBUG", "DIGEST")[1] == self.digest()
        self.read_log()
        assert self.reader.ok("DEBUG", "DIGEST")[1] == self.digest(), \
            "data and log differ"

    def read_log(self):
        """Lets the reader execute what the log has that is new to it."""
        self.reader.send("CLIENT", "REPLY", "OFF")
        while True:
            text = self.ask("DEBUG", "BACKLOG", self.read_to)
            assert text[0] == "bulk", text
            self.read_to += len(text[1])
            self.reader.send_raw(text[1])
            # A longer one may end within a command.
            if len(text[1]) < LOG_PIECE:
                break
        assert self.reader.call("CLIENT", "REPLY", "ON") == ("simple", b"OK")
