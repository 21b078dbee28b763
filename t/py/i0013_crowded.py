"""a snapshot that can not follow: writers wait, readers never do

The saver is stopped while more is changed than may lie between writers and it:
commands that write wait, nothing is locked, and what they wrote is exact.
While a snapshot reads a large hash or set nobody waits who reads or changes it,
in parts or as a whole.
"""

# limit 120s

import signal
import threading
import time

import killing
import node
import snapping

READS = 300    # so many while something stands still: it holds up nobody


class Reader(threading.Thread):
    """Asks again and again; the longest answer in ms, to be printed."""

    def __init__(self, c, words):
        super().__init__(daemon=True)
        self.c, self.words = c, words
        self.is_over, self.longest, self.count = threading.Event(), 0, 0
        self.start()

    def run(self):
        while not self.is_over.is_set():
            begin = time.monotonic()
            self.c.ok(*self.words)
            self.longest = max(self.longest,
                               (time.monotonic() - begin) * 1000)
            self.count += 1

    def goes_on(self):
        """Answers come, though something stands still."""
        before = self.count
        node.until(10, lambda: self.count > before + READS, "answers")

    def end(self):
        self.is_over.set()
        self.join(10)
        return self.longest


def info(c, name):
    """A field of INFO persistence."""
    return dict(line.split(":", 1) for line in
                c.ok("INFO", "persistence")[1].decode().split("\r\n")
                if ":" in line)[name]


def begin_save():
    """BGSAVE; returns when its saver runs."""
    c.ok("BGSAVE")
    return node.until(5, lambda: s.alm.processes().get("saver"), "a saver")


def end_save():
    node.until(60, lambda: info(c, "rdb_bgsave_in_progress") == "0", "the end")
    assert info(c, "rdb_last_bgsave_status") == "ok", s.alm.log_tail()


def stop_saver():
    """Stops a saver; False when it was nearly done, or just in a slot, which
    nobody else enters then."""
    if "saver" not in s.alm.processes():
        end_save()
        c.ok("BGSAVE")
    if s.alm.halt("saver") is None:
        return False
    probe = s.connect()
    probe.seconds = 0.5 * node.SLOW
    probe.send("EXISTS", *("t%d" % i for i in range(3000)))
    try:
        assert probe.read() == ("int", 3000)
        if int(info(c, "current_save_keys_processed")) < 500:
            return True
        s.alm.hit("saver", signal.SIGCONT)
        return False
    except TimeoutError:
        s.alm.hit("saver", signal.SIGCONT)
        assert probe.read(60 * node.SLOW) == ("int", 3000)
        return False
    finally:
        probe.close()


s = snapping.Snapping(args=["--stall-timeout", "0"])
c = s.connect()
c.seconds = 60

# --- the ring is full

TEXT = "x" * 20000
for first in range(0, 3000, 100):
    c.ok("MSET", *(w for i in range(first, first + 100)
                   for w in ("t%d" % i, TEXT)))
node.until(60, stop_saver, "a saver that is stopped outside slots")
writer = s.connect()
writer.seconds = 60
writer.send_raw(b"".join(node.encode(("SET", "t%d" % i, "new"))
                         for i in range(3000)))
node.until(10, lambda: b"used_memory" in c.ok("INFO", "memory")[1] and
           int(info(c, "rdb_changes_since_last_save")) > 100, "writes")


def count():
    return int(info(c, "rdb_changes_since_last_save"))


def stands():
    """Whether nothing is written for a while."""
    before, end = count(), time.monotonic() + 0.3
    while time.monotonic() < end:
        if count() != before:
            return False
    return True


node.until(10, stands, "writers wait")
held = count()
if held < 3000:
    reader = Reader(s.connect(), ("GET", "t2999"))
    reader.goes_on()
    assert c.ok("EXISTS", *("t%d" % i for i in range(3000)))[1] == 3000
    reader.end()
    waits = True
else:
    waits = False
s.alm.hit("saver", signal.SIGCONT)
for _ in range(3000):
    assert writer.read() == ("simple", b"OK")
end_save()
s.check_file()
print("writers waited after %d changes" % held)
assert waits, "nobody waited"

# --- a large hash

FIELDS = int(node.lasting(200000))
for first in range(0, FIELDS, 10000):
    c.ok("HSET", "{a}big", *(w for i in range(first, first + 10000)
                             for w in ("field%d" % i, "value%d" % i)))
c.ok("SET", "{a}small", 0)
c.ok("SADD", "{a}many", *range(FIELDS // 10))
has_points = b"no fault points" not in s.ask("DEBUG", "FAULT", "pinned",
                                             "off")[1]


def change_parts():
    """Of the hash and the set, alone and in a transaction."""
    writer.send_raw(node.encode(("HSET", "{a}big", "field7", "new")) +
                    node.encode(("HSET", "{a}big", "added", "new")) +
                    node.encode(("SADD", "{a}many", "added")) +
                    node.encode(("SREM", "{a}many", 7, 8)) +
                    node.encode(("MULTI",)) + node.encode(("SELECT", 1)) +
                    node.encode(("SET", "other", "1")) +
                    node.encode(("SELECT", 0)) +
                    node.encode(("HDEL", "{a}big", "field8", "added")) +
                    node.encode(("HSET", "{a}big", "field8", "again")) +
                    node.encode(("EXEC",)))
    for wanted in 0, 1, 1, 2:
        assert writer.read() == ("int", wanted)
    for _ in range(6):
        writer.read()
    assert writer.read()[1][3] == ("int", 2)


def writer_asks(*words):
    writer.send(*words)
    return writer.read()


readers = [Reader(s.connect(), ("HGET", "{a}big", "field7")),
           Reader(s.connect(), ("INCR", "{a}small"))]
if has_points:
    with node.holds(s.alm, "pinned") as is_held:
        begin_save()
        node.until(10, is_held, "the pin")
        change_parts()
        # Nor does who changes them as a whole wait.
        for key in "{a}big", "{a}many":
            assert writer_asks("PEXPIRE", key, 10000000) == ("int", 1)
        for r in readers:
            r.goes_on()
else:
    begin_save()
    change_parts()
end_save()
longest = [r.end() for r in readers]
print("%d fields: reading it at most %.1f ms, its slot's other key %.1f" % (
    FIELDS, longest[0], longest[1]))
s.check_file()

# --- a database is emptied while a value is read

if has_points:
    with node.holds(s.alm, "pinned") as is_held:
        c.ok("BGSAVE")
        node.until(10, is_held, "the pin")
        c.send("FLUSHALL")
    assert c.read() == ("simple", b"OK")
    node.until(10, lambda: info(c, "rdb_bgsave_in_progress") == "0", "the end")
    assert info(c, "rdb_last_bgsave_status") == "err"
    assert c.ok("DBSIZE")[1] == 0
    assert s.save()
    s.check_file()
killing.sound(s.ask)
