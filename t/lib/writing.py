"""writing - writers that know what was acknowledged, and when

Each writer appends numbers to a list of its own, one transaction or pipeline at
a time, over a connection that it makes again when it is lost.  What must be there afterwards: everything acknowledged up to some
time; what may be there besides is the one batch that was not answered.

Not here: who is killed (t/py/k*).
"""

import threading
import time

import node


class Writer(threading.Thread):
    def __init__(self, alm, name, batch):
        super().__init__(daemon=True)
        self.alm, self.key, self.batch = alm, name, batch
        self.sent = self.acked = 0
        self.history = [(0, 0)]      # (time, acknowledged)
        self.begun = 0               # when the last one was sent
        self.refused = 0
        self.is_over = False
        self.go = threading.Event()
        self.go.set()
        self.start()

    def run(self):
        c = None
        while not self.is_over:
            if not self.go.wait(0.01):
                continue
            try:
                if c is None:
                    c = self.alm.connect(seconds=30)
                    self.sync(c)
                self.write(c)
            except (node.Gone, TimeoutError):
                c = None
                time.sleep(0.005)

    def write(self, c):
        first, n = self.sent + 1, self.batch
        words = [("RPUSH", self.key, i) for i in range(first, first + n)]
        if n % 2:
            words = [("MULTI",)] + words + [("EXEC",)]
        self.sent += n
        begun = time.monotonic()
        answers = c.pipeline(words)
        bad = [a for a in answers if a[0] == "error"]
        if bad:
            # Some of it may have happened, if it was no transaction.
            assert all(a[1].startswith((b"MISCONF", b"LOADING", b"EXECABORT",
                                       b"INDOUBT"))
                       for a in bad), bad[0]
            self.refused += 1
            time.sleep(0.02)
            self.sync(c)
            return
        self.acked = self.sent
        self.begun = begun
        self.history.append((time.monotonic(), self.acked))

    def sync(self, c):
        """Counts from what is there on."""
        got = c.call("LLEN", self.key)
        if got[0] == "int":
            self.sent = got[1]

    def acked_at(self, when):
        return max(n for t, n in self.history if t <= when)


class Writers:
    def __init__(self, alm, count):
        self.all = [Writer(alm, "w%d" % i, 1 + i % 6) for i in range(count)]
        self.alm = alm

    def pause(self):
        for w in self.all:
            w.go.clear()

    def resume(self):
        for w in self.all:
            w.go.set()

    def end(self):
        for w in self.all:
            w.is_over = True
            w.go.set()
        for w in self.all:
            w.join(60 * node.SLOW)
            assert not w.is_alive(), "a writer hangs"

    def acked(self):
        return sum(w.acked for w in self.all)

    def last_second(self):
        """A time: what had been acknowledged then is older by a second than
        something that was executed later."""
        return max(w.begun for w in self.all) - 1.2

    def check(self, c, since=None):
        """What a node that was started again must have: all that had been
        acknowledged by `since` (None: at all).  The writers go on from what
        there is."""
        for w in self.all:
            least = w.acked if since is None else w.acked_at(since)
            items = [int(e[1]) for e in c.ok("LRANGE", w.key, 0, -1)[1]]
            count = len(items)
            assert items == list(range(1, count + 1)), (
                w.key, items[-20:], count, w.sent, w.acked)
            assert least <= count <= w.sent, (w.key, least, count, w.sent)
            w.sent = w.acked = count
            w.history = [(0, 0), (time.monotonic(), count)]
