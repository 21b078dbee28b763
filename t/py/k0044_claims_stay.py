"""a slot has one mover as long as any key of the move may be at the target, not
only one of those that were sent last

Two keys change on their way, so both are at the target when the first of them is
sent alone and settled.  Another worker that is to move the second one then waits
for the end of the first move, which would else delete there what that one has
brought.
"""

# limit 60s

import socket
import threading

import node
import resp

CHANGES = 3     # of a key before it is sent alone
FIRST, SECOND = b"first", b"second"
ours = node.Node("ours", ["--enable-debug-command", "yes", "--workers", "2"],
                 kind="almandined")
writer = ours.connect(seconds=30)
if not node.has_faults(writer):
    node.skip("no fault points in this build")


class Target(threading.Thread):
    """Takes everything; keys change here before it says so.  Before the first
    one that is sent alone is taken, the next who settles is to hang."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.socket()
        self.port = node.free_port()
        self.listener.bind(("127.0.0.1", self.port))
        self.listener.listen(5)
        self.keys, self.sent, self.deleted = {}, {FIRST: 0, SECOND: 0}, []
        self.start()

    def run(self):
        while True:
            s, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(s,), daemon=True).start()

    def serve(self, s):
        buf = b""
        while True:
            try:
                value, used = resp.parse(buf)
            except resp.Incomplete:
                more = s.recv(1 << 16)
                if not more:
                    return
                buf += more
                continue
            buf = buf[used:]
            s.sendall(self.take(*[word[1] for word in value[1]]))

    def take(self, what, key, *more):
        if what == b"SELECT":
            return b"+OK\r\n"
        if what == b"DEL":
            self.deleted.append(key)
            return b":%d\r\n" % (self.keys.pop(key, None) is not None)
        self.keys[key] = more[1]
        self.sent[key] += 1
        if self.sent[key] <= CHANGES:
            writer.ok("APPEND", key, "+")
        elif key == FIRST:
            writer.ok("DEBUG", "FAULT", "move-settled", "hold", 2000, "once")
        return b"+OK\r\n"


def holds():
    return ours.log_count("fault move-settled: holds") > 0


def by_another():
    """A connection to the worker that does not hang."""
    while True:
        c = ours.connect(seconds=30)
        c.send("PING")
        try:
            c.read(seconds=0.1)
            return c
        except TimeoutError:
            kept.append(c)


kept = []
target = Target()
writer.ok("MSET", FIRST, "a", SECOND, "b")
mover = ours.connect(seconds=30)
mover.send("MIGRATE", "127.0.0.1", target.port, "", 0, 20000, "KEYS", FIRST,
           SECOND)
node.until(10, holds, "a move that hangs with one key settled")
other = by_another()
other.send("MIGRATE", "127.0.0.1", target.port, SECOND, 0, 20000, "REPLACE")
got = other.read(), mover.read()
assert target.deleted == [], (target.deleted, got)
assert got == (("simple", b"NOKEY"), ("simple", b"OK")), got
assert sorted(target.keys) == [FIRST, SECOND]
assert target.sent == {FIRST: CHANGES + 1, SECOND: CHANGES + 1}, target.sent
c = ours.connect(seconds=30)
assert c.ok("DBSIZE") == ("int", 0)
assert b"region:sound" in c.ok("DEBUG", "REGION")[1]
