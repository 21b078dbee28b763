"""snapping - snapshots under load, held against the log up to their cut

A snapshot tells the offset of the log at which it was cut.  One redis-server
(the reader of killing.Pair) executes the log exactly up to there, another one
loads the file: they must hold the same (DEBUG DIGEST), times to live included.

Not here: who is killed meanwhile (t/py/k*).
"""

import os
import re
import shutil
import subprocess
import threading

import killing
import node

CHECKER = shutil.which("redis-check-rdb")
CLIENTS = 3
PARTS = 3000   # of a large hash, of a large set


def look_at(path):
    """What redis-check-rdb says of a file, which must be sound."""
    if not CHECKER:
        raise node.Skip("redis-check-rdb is not installed")
    done = subprocess.run([CHECKER, path], capture_output=True, text=True)
    assert done.returncode == 0 and "RDB looks OK" in done.stdout, done.stdout
    return done.stdout


class Snapping(killing.Pair):
    def __init__(self, keys=4000, args=(), seed=1):
        self.keys = keys
        super().__init__(["--workers", "2", "--repl-backlog-size", "512mb",
                          "--save", ""] + list(args), seed)
        self.loader = node.Node("loader", kind="redis")
        self.loads = self.loader.connect(seconds=30)
        self.file = os.path.join(self.alm.dir, "dump.rdb")
        self.over, self.may_write = threading.Event(), threading.Event()
        self.troubles, self.threads = [], []

    def key(self):
        return "k%d" % self.random.randrange(self.keys)

    def change(self):
        """Long ones are rare: the reader has to follow."""
        while True:
            words = super().change()
            if sum(len(str(w)) for w in words) < 600 or \
                    self.random.randrange(100) == 0:
                return words

    def fill(self, count):
        """So many keys more, in three databases."""
        c = self.connect()
        for db in range(3):
            c.ok("SELECT", db)
            for first in range(0, count // 3, 500):
                words = ["MSET"]
                for i in range(first, first + 500):
                    words += ["fill:%d:%d" % (db, i), "v%d" % i * 5]
                c.ok(*words)
            c.ok("RPUSH", "long", *range(20000))
            c.ok("HSET", "deep", *("f%d" % i for i in range(2 * PARTS)))
            c.ok("SADD", "broad", *("m%d" % i for i in range(PARTS)))
            c.ok("ZADD", "wide", *(w for i in range(5000)
                                   for w in (i / 3, "m%d" % i)))
        c.close()

    # --- load

    def _write(self, number):
        c = None
        while not self.over.is_set():
            self.may_write.wait(1)
            try:
                if c is None:
                    c = self.connect()
                    c.ok("SELECT", number)
                part = self.random.randrange
                batch = [self.change() for _ in range(30)] + [
                    ("HSET", "deep", "f%d" % part(3 * PARTS), "v" * part(50)),
                    ("HDEL", "deep", "f%d" % part(3 * PARTS)),
                    ("SADD", "broad", "m%d" % part(2 * PARTS)),
                    ("SREM", "broad", "m%d" % part(2 * PARTS))] + [
                    ("SET", "fill:%d:%d" % (number, self.random.randrange(
                        30000)), "new") for _ in range(20)]
                c.pipeline(batch)
                self.changes += len(batch)
            except (node.Gone, TimeoutError):
                c = None
            except BaseException as e:
                self.troubles.append(repr(e))
                return

    def begin_load(self):
        self.threads = [threading.Thread(target=self._write, args=(n,),
                                         daemon=True) for n in range(CLIENTS)]
        for t in self.threads:
            t.start()

    def end_load(self):
        self.over.set()
        for t in self.threads:
            t.join(60)
        assert not self.troubles, self.troubles

    # --- snapshots

    def save(self):
        """SAVE while others write; whether it succeeded."""
        self.may_write.set()
        try:
            c = self.connect()
            c.seconds = 60
            value = c.call("SAVE")
            c.close()
            return value == ("simple", b"OK")
        except (node.Gone, TimeoutError):
            return False
        finally:
            self.may_write.clear()

    def read_log_up_to(self, offset):
        self.reader.send("CLIENT", "REPLY", "OFF")
        while self.read_to < offset:
            # A piece may end within a command.
            text = self.ask("DEBUG", "BACKLOG", self.read_to)[1]
            text = text[:offset - self.read_to]
            assert text, "the log ends before the cut"
            self.read_to += len(text)
            self.reader.send_raw(text)
        assert self.reader.call("CLIENT", "REPLY", "ON") == ("simple", b"OK")

    def check_file(self):
        """The file holds exactly what there was at its cut; its keys."""
        shutil.copy(self.file, os.path.join(self.loader.dir, "dump.rdb"))
        said = look_at(os.path.join(self.loader.dir, "dump.rdb"))
        self.read_log_up_to(int(re.search(
            r"repl-offset = '(\d+)'", said).group(1)))
        self.loads.ok("DEBUG", "RELOAD", "NOSAVE")
        want = self.reader.ok("DEBUG", "DIGEST")[1]
        got = self.loads.ok("DEBUG", "DIGEST")[1]
        if want != got:
            self._say_difference()
        assert want == got, "the snapshot is not what was there at its cut"
        return int(re.search(r"(\d+) keys read", said).group(1))

    def _say_difference(self):
        for db in range(3):
            for c in (self.reader, self.loads):
                c.ok("SELECT", db)
            there = [{k[1] for k in c.ok("KEYS", "*")[1]}
                     for c in (self.reader, self.loads)]
            print("db %d: missing %r, too many %r" % (
                db, sorted(there[0] - there[1])[:9],
                sorted(there[1] - there[0])[:9]))
            differ = [k for k in sorted(there[0] & there[1])
                      if self.reader.ok("DEBUG", "DIGEST-VALUE", k)
                      != self.loads.ok("DEBUG", "DIGEST-VALUE", k)]
            print("other values: %r" % differ[:9])
