"""MIGRATE between us and redis-server, both ways: all types, times to live,
large values, many keys in one request, keys that change all the time

Nobody else waits for a migration; who changes a key meanwhile loses nothing,
and no key is ever on none of the sides.
"""

# limit 120s

import select
import socket
import threading
import time

import node
import resp

ours = node.Node("ours", ["--enable-debug-command", "yes", "--workers", "2"],
                 kind="almandined")
theirs = node.Node("theirs", kind="redis")
a, b = ours.connect(seconds=30), theirs.connect(seconds=30)
OK = ("simple", b"OK")


def migrate(c, to, *keys, more=(), timeout=5000, host="127.0.0.1", db=0):
    port = to if isinstance(to, int) else to.port
    return c.call("MIGRATE", host, port, "", db, timeout, *more, "KEYS", *keys)


def fill(c):
    c.ok("SET", "s", "text")
    c.ok("SET", "n", 12345)
    c.ok("SET", "t", "for a while", "PX", 100000)
    c.ok("SET", "big", b"\0\r\n$x" * 400000)
    c.ok("RPUSH", "l", *["item%d" % i for i in range(500)])
    c.ok("RPUSH", "l2", "a", 1, "b" * 9000)
    c.ok("SADD", "i", *range(0, 300, 3))
    c.ok("SADD", "u", *["member%d" % i for i in range(700)])
    c.ok("ZADD", "z", *[w for i in range(400) for w in (i / 3, "m%d" % i)])
    c.ok("HSET", "h", *[w for i in range(800)
                        for w in ("field%d" % i, "v" * (i % 90))])
    c.ok("HSET", "h2", "f", "v")
    c.ok("SET", "", "no name")
    return ["s", "n", "t", "big", "l", "l2", "i", "u", "z", "h", "h2"]


def digest(c, names):
    return [c.ok("DEBUG", "DIGEST-VALUE", n)[1][0][1] for n in names]


# --- all types, there and back ------------------------------------------

names = fill(a)
before = digest(a, names)
assert migrate(a, theirs, *names) == OK
assert a.ok("DBSIZE") == ("int", 1), "only the key without a name is left"
assert digest(b, names) == before
assert 0 < b.ok("PTTL", "t")[1] <= 100000
assert migrate(b, ours, *names) == OK
assert digest(a, names) == before
assert 0 < a.ok("PTTL", "t")[1] <= 100000
assert b.ok("DBSIZE") == ("int", 0)

# --- replies ------------------------------------------------------------

assert migrate(a, theirs, "none") == ("simple", b"NOKEY")
assert a.call("MIGRATE", "127.0.0.1", theirs.port, "none", 0, 9) == \
    ("simple", b"NOKEY")
assert a.call("MIGRATE", "127.0.0.1", theirs.port, "s", 0, 900) == OK
assert b.ok("GET", "s") == ("bulk", b"text")
a.ok("SET", "s", "mine")
got = migrate(a, theirs, "s", "n")
assert got == ("error", b"ERR Target instance replied with error: BUSYKEY "
               b"Target key name already exists."), got
assert a.ok("EXISTS", "s", "n") == ("int", 1), "what was taken has gone"
assert b.ok("GET", "n") == ("bulk", b"12345")
assert migrate(a, theirs, "s", more=["COPY"])[0] == "error"
assert migrate(a, theirs, "s", more=["COPY", "REPLACE"]) == OK
assert a.ok("GET", "s") == b.ok("GET", "s") == ("bulk", b"mine")
assert migrate(a, theirs, "s", more=["REPLACE"], db=3) == OK
assert b.ok("GET", "s") == ("bulk", b"mine")
b.ok("SELECT", 3)
assert b.ok("GET", "s") == ("bulk", b"mine")
b.ok("SELECT", 0)
got = migrate(a, theirs, "l", db=99)
assert got == ("error", b"ERR Target instance replied with error: ERR DB "
               b"index is out of range"), got
assert migrate(a, theirs, "l2", db=0) == OK
assert b.ok("LLEN", "l2") == ("int", 3), "the database was selected anew"

got = migrate(a, theirs, "l", more=["AUTH", "x"])
assert got[1].startswith(b"ERR Target instance replied with error: ERR AUTH"
                         ), got
assert a.ok("EXISTS", "l") == ("int", 1)
assert b.ok("EXISTS", "l") == ("int", 0), "nothing is sent after a refusal"
b.ok("CONFIG", "SET", "requirepass", "secret")
# The connection that is kept may still do what it could.
theirs_new = migrate(a, theirs, "l", more=["AUTH", "secret"])
assert theirs_new == OK, theirs_new
assert migrate(a, theirs, "i", more=["AUTH2", "default", "secret"]) == OK
got = migrate(a, theirs, "u", more=["AUTH2", "nobody", "secret"])
assert got[1].startswith(b"ERR Target instance replied with error: WRONGPASS"
                         ), got
b.ok("CONFIG", "SET", "requirepass", "")

for words, text in (
        ((), b"ERR wrong number of arguments for 'migrate' command"),
        (("h", 1, "k", 0, 1, "BAD"), b"ERR syntax error"),
        (("h", 1, "k", 0, 1, "AUTH"), b"ERR syntax error"),
        (("h", 1, "k", 0, 1, "KEYS", "x"), b"ERR When using MIGRATE KEYS "
         b"option, the key argument must be set to the empty string"),
        (("h", 1, "k", "x", 1), b"ERR value is not an integer or out of "
         b"range"),
        (("h", 1, "k", 0, "x"), b"ERR value is not an integer or out of "
         b"range")):
    assert a.call("MIGRATE", *words) == b.call("MIGRATE", *words) == \
        ("error", text), words
for words in (("127.0.0.1", 1, "u", 0, 100),
              ("127.0.0.1", 1, "", 0, 100, "KEYS", "u", "z"),
              ("127.0.0.1", "no port", "u", 0, 100)):
    got = a.call("MIGRATE", *words)
    assert got[0] == "error" and got[1].startswith(b"IOERR error or timeout"
                                                   ), (words, got)
a.ok("MULTI")
assert a.call("MIGRATE", "h", 1, "k", 0, 1)[0] == "error"
assert a.call("EXEC")[1].startswith(b"EXECABORT")
for words in (("h", 1, "k", 0, 1), ("h", 1, "", 0, 1, "KEYS", "a", "b"),
              ("h", 1, "", 0, 1, "AUTH", "keys", "KEYS", "a", "b"),
              ("h", 1, "k", 0, 1, "AUTH2", "keys", "keys", "COPY")):
    got = a.call("COMMAND", "GETKEYS", "MIGRATE", *words)
    assert got == b.call("COMMAND", "GETKEYS", "MIGRATE", *words), words
    got = a.call("COMMAND", "GETKEYSANDFLAGS", "MIGRATE", *words)
    assert got == b.call("COMMAND", "GETKEYSANDFLAGS", "MIGRATE", *words)

# --- a thousand keys ----------------------------------------------------

for c in (a, b):
    c.ok("FLUSHALL")
many = ["key:%d" % i for i in range(1000)]
a.pipeline([("SET", k, k * 9) for k in many])
assert migrate(a, theirs, "none", *many) == OK
assert a.ok("DBSIZE") == ("int", 0) and b.ok("DBSIZE") == ("int", 1000)
assert migrate(b, ours, *many) == OK
assert all(v == ("bulk", (k * 9).encode())
           for k, v in zip(many, a.pipeline([("GET", k) for k in many])))
assert b.ok("DBSIZE") == ("int", 0)


# --- a target that says nothing, or hangs up ------------------------------

def listening():
    """A socket that others connect to, and its port."""
    s, port = socket.socket(), node.free_port()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", port))
    s.listen(5)
    return s, port


class Mute(threading.Thread):
    """Answers so many bytes with what it is given, and then does as told."""

    def __init__(self, answers=b"", closes=False):
        super().__init__(daemon=True)
        self.listener, self.port = listening()
        self.answers, self.closes, self.count = answers, closes, 0
        self.start()

    def run(self):
        self.held = []
        while True:
            s, _ = self.listener.accept()
            self.count += 1
            s.recv(65536)
            if self.answers:
                s.sendall(self.answers)
            if self.closes:
                s.close()
            else:
                self.held.append(s)


a.ok("SET", "k", "v")
mute = Mute()
begin = time.monotonic()
other = ours.connect()
a.send("MIGRATE", "127.0.0.1", mute.port, "k", 0, 300)
assert other.ok("SET", "k2", "v") == OK, "nobody else waits"
assert other.ok("APPEND", "k", "w") == ("int", 2), "not even for the key"
assert a.read() == ("error", b"IOERR error or timeout reading to target "
                    b"instance")
took = time.monotonic() - begin
assert 0.29 < took < 2 * node.SLOW, took
assert a.ok("GET", "k") == ("bulk", b"vw")
closes = Mute(closes=True)
assert a.call("MIGRATE", "127.0.0.1", closes.port, "k", 0, 300)[1].startswith(
    b"IOERR error or timeout")
assert closes.count == 2, "it was tried once more"
assert a.ok("GET", "k") == ("bulk", b"vw")
# SELECT and the first of three keys are answered, then it hangs up.
some = Mute(answers=b"+OK\r\n", closes=False)
assert a.call("MIGRATE", "127.0.0.1", some.port, "k", 0, 200)[1].startswith(
    b"IOERR error or timeout")
odd = Mute(answers=b"+OK\r\n+OK\r\n", closes=False)
assert a.call("MIGRATE", "127.0.0.1", odd.port, "k", 0, 200)[0] == "error"
babbles = Mute(answers=b"x" * 9000)
assert a.call("MIGRATE", "127.0.0.1", babbles.port, "k", 0, 200)[0] == "error"
assert a.ok("GET", "k") == ("bulk", b"vw")
# Who asked may go: it is finished all the same.
gone = ours.connect()
gone.send("MIGRATE", "127.0.0.1", theirs.port, "k", 0, 5000)
gone.close()
node.until(5, lambda: b.ok("EXISTS", "k")[1] == 1 and
           a.ok("EXISTS", "k")[1] == 0, "the end of a move nobody waits for")
a.ok("SET", "k", "w")
assert migrate(a, ours, "k")[1].startswith(
    b"ERR Target instance replied with error: BUSYKEY")
assert a.ok("GET", "k") == ("bulk", b"w")


# --- keys that change all the time ----------------------------------------

class Writer(threading.Thread):
    """Adds to a list as long as it is there; remembers how often it did."""

    def __init__(self, key):
        super().__init__(daemon=True)
        self.key, self.done, self.is_moved = key, 0, False
        self.conn = ours.connect(seconds=30)
        self.start()

    def run(self):
        while not self.is_moved:
            size = self.conn.ok("RPUSHX", self.key, "x")[1]
            self.done += size > 0
            self.is_moved = size == 0


b.ok("FLUSHALL")
for n in range(10):
    a.ok("RPUSH", "hot", "x" * (1 if n % 2 else 300000))
    writers = [Writer("hot") for _ in range(3)]
    node.until(5, lambda: writers[0].done > 3, "writing")
    assert migrate(a, theirs, "hot", more=["REPLACE"]) == OK
    for w in writers:
        w.join()
    total, done = b.ok("LLEN", "hot")[1], sum(w.done for w in writers)
    assert total == 1 + done, (total, done)


class Slow(threading.Thread):
    """Takes everything, each thing when the key has changed meanwhile, or has
    not for so long; counts RESTOREs."""

    def __init__(self, seconds, writers):
        super().__init__(daemon=True)
        self.listener, self.port = listening()
        self.seconds, self.restores, self.writers = seconds, 0, writers
        self.start()

    def wait(self):
        """Each writer may be told of one change that was before."""
        def done():
            return sum(w.done for w in self.writers)
        enough = done() + len(self.writers) + 1
        end = time.monotonic() + self.seconds
        node.until(self.seconds + 5, lambda: done() >= enough or
                   time.monotonic() > end)

    def run(self):
        s, _ = self.listener.accept()
        buf = b""
        while True:
            buf += s.recv(1 << 20)
            try:
                value, used = resp.parse(buf)
            except resp.Incomplete:
                continue
            buf = buf[used:]
            if value[1][0][1] == b"RESTORE":
                self.restores += 1
                self.wait()
                b.ok("RESTORE", "slow", 0, value[1][3][1], "REPLACE")
            s.sendall(b"+OK\r\n")


# A key that changes during each of the first ways has writes held back.
a.ok("RPUSH", "hot", "x")
writers = [Writer("hot") for _ in range(3)]
slow = Slow(0.5 * node.SLOW, writers)
assert a.call("MIGRATE", "127.0.0.1", slow.port, "hot", 0, 5000) == OK
for w in writers:
    w.join()
assert 4 <= slow.restores < 12, slow.restores
assert b.ok("LLEN", "slow")[1] == 1 + sum(w.done for w in writers)

# Two that move the same key at the same time: it arrives once, whole.
for n in range(20):
    a.ok("SET", "twice", n)
    movers = [ours.connect(seconds=30) for _ in range(4)]
    for c in movers:
        c.send("MIGRATE", "127.0.0.1", theirs.port, "twice", 0, 5000,
               "REPLACE")
    got = [c.read() for c in movers]
    assert OK in got and all(g in (OK, ("simple", b"NOKEY")) for g in got)
    assert b.ok("GET", "twice") == ("bulk", b"%d" % n)
    assert a.ok("EXISTS", "twice") == ("int", 0)


def delete_on_the_way():
    """A key that is deleted while its copy is on its way goes there, too."""
    a.ok("DEBUG", "FAULT", "move-taken", "hold", 600000, "once")
    a.ok("SET", "brief", "v")
    busy = ours.connect(seconds=30)
    busy.send("MIGRATE", "127.0.0.1", theirs.port, "brief", 0, 5000)
    node.until(5, lambda: b.ok("EXISTS", "brief")[1] == 1, "the copy")
    node.until(5, lambda: ours.log_has("fault move-taken: holds"), "its end")
    deleters = []

    def answered():
        """The worker that holds the key answers nobody, the others do."""
        deleters.append(ours.connect(seconds=30))
        deleters[-1].send("DEL", "brief")
        return select.select([c.sock for c in deleters], [], [], 0.1)[0]

    socks = node.until(10, answered, "another worker's reply")
    deleters.sort(key=lambda c: c.sock not in socks)
    deleted = deleters[0].read()[1]
    deleters[0].ok("DEBUG", "FAULT", "move-taken", "off")
    deleted += sum(c.read()[1] for c in deleters[1:])
    assert busy.read()[0] in ("simple", "error")
    assert deleted == 1
    assert b.ok("EXISTS", "brief") == ("int", 0)
    assert a.ok("EXISTS", "brief") == ("int", 0)


if node.has_faults(a):
    delete_on_the_way()
assert a.ok("DEBUG", "REGION")[0] != "error"
