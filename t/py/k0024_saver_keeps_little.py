"""what the saver keeps of a collection is bounded, however much is changed

The saver is slow while it writes a large hash, and every field that it has yet
to come to is changed: those are handed over, and kept by the saver until it has
passed their places.  It keeps 64 MB, what lay in the ring before, and what it
gets further; the others wait, readers do not, and the snapshot has what there
was at its cut.
"""

# limit 120s

import os
import shutil
import threading
import time

import node

# A sanitizer has a byte of its own for eight of memory.
SHARE = 9 / 8 if os.environ.get("ALMANDINE_SANITIZED") else 1
FIELDS, WIDTH, AT_ONCE = 120000, 1200, 20
STEP_MS = 20
KEPT = 64 << 20
RING = 8 << 20   # the least that may lie between writers and saver
SPARE = 24 << 20  # steps meanwhile, batches at hand, the allocator's own
MOST = (KEPT + RING + SPARE) * SHARE

# What was freed is given back: else a sanitizer keeps 256 MB of it.
os.environ["ASAN_OPTIONS"] = "quarantine_size_mb=1"
alm = node.Node("alm", ["--workers", "2", "--save", "", "--stall-timeout",
                        "60000"])
c = alm.connect()
c.seconds = 60
if not node.has_faults(c):
    node.skip("no fault points in this build")


def is_saving():
    return b"rdb_bgsave_in_progress:1" in c.ok("INFO", "persistence")[1]


def private(pid):
    """Bytes of memory that are a process's own."""
    with open("/proc/%d/status" % pid) as f:
        for line in f:
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) << 10
    return 0


def fields(first, count, value):
    return [w for i in range(first, first + count)
            for w in ("field%06d" % i, value)]


for first in range(0, FIELDS, 1000):
    c.ok("HSET", "big", *fields(first, 1000, "o" * WIDTH))
digest = c.ok("DEBUG", "DIGEST-VALUE", "big")[1]


class Writer(threading.Thread):
    """Changes every other piece of all fields, each once."""

    def __init__(self, number):
        super().__init__(daemon=True)
        self.c = alm.connect()
        self.c.seconds = 60 * node.SLOW
        self.number, self.done, self.trouble = number, 0, None
        self.start()

    def run(self):
        try:
            for first in range(self.number * AT_ONCE, FIELDS, 2 * AT_ONCE):
                got = self.c.call("HSET", "big", *fields(
                    first, AT_ONCE, "n" * WIDTH))
                assert got == ("int", 0), got
                self.done += AT_ONCE
        except BaseException as e:
            self.trouble = repr(e)


c.ok("DEBUG", "FAULT", "part-taken", "hold", STEP_MS)
c.ok("BGSAVE")
node.until(20, lambda: alm.log_count("fault part-taken: holds"), "a step")
saver = alm.processes()["saver"]
before = private(saver)
writers = [Writer(i) for i in range(2)]
most = 0


def has_kept(least):
    global most
    most = max(most, private(saver) - before)
    return most > least


def changed():
    return sum(w.done for w in writers)


node.until(60, lambda: has_kept(KEPT), "what is kept at most")
steps = alm.log_count("fault part-taken: holds")
at = changed()
node.until(60, lambda: has_kept(MOST) or alm.log_count(
    "fault part-taken: holds") > steps + 100, "a hundred steps more")
begin = time.monotonic()
assert c.ok("HGET", "big", "field000000")[0] == "bulk"
waited = (time.monotonic() - begin) * 1000
print("kept %.1f MB of %.0f at most; %d fields changed, then %d in 100 steps; "
      "a reader waited %.1f ms" % (most / 1e6, FIELDS * WIDTH / 1e6, at,
                                   changed() - at, waited))
assert most < MOST, "the saver keeps too much"
assert changed() < FIELDS, "nobody waits"
assert is_saving()

c.ok("DEBUG", "FAULT", "part-taken", "off")
for w in writers:
    w.join(60 * node.SLOW)
    assert w.trouble is None and not w.is_alive(), w.trouble
node.until(60, lambda: not is_saving(), "the end of the snapshot")
assert b"rdb_last_bgsave_status:ok" in c.ok("INFO", "persistence")[1]
again = node.Node("again", ["--save", "", "--stall-timeout", "60000"],
                  start=False)
shutil.copy(os.path.join(alm.dir, "dump.rdb"), again.dir)
again.start(seconds=30)
other = again.connect(seconds=30)
other.seconds = 60
assert other.ok("DEBUG", "DIGEST-VALUE", "big")[1] == digest
assert alm.stop() == 0
