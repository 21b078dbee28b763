"""a snapshot is asked for while another one is made, and processes die in both

The first is held with large values half written and much changed; its saver is
killed, and the second, of another kind, begins at once on what the first has
left: nodes of lists that were kept for it, values that went.  Then a worker, or
control, or the second saver dies at a point of its own.  A second one that
succeeds is exact, the next snapshot is, and at the end no block is lost.

Where no second one is asked for, a saver comes that only sweeps: what was left
is free again without another snapshot, also what went while the dead saver was
not yet mended and its pin stood.  One that is asked for meanwhile waits for the
sweep, and whoever dies then, the next one that succeeds is exact.
"""

# limit 200s

import contextlib

import killing
import node
import snapping

POINTS = ("hand-copied", "hand-seen", "hand-stamped", "left", "changed",
          "log-copied", "part-taken", "taken", "segment-passed", "cut",
          "mend-judged", "mend-let-go", *["hand-seen"] * 5)
EARLY = ("cut", "mend-judged", "mend-let-go")   # before it is made
KINDS = ("list", "hash", "set", "zset")

s = snapping.Snapping(args=["--stall-timeout", "60000", "--appendonly", "yes",
                            "--auto-aof-rewrite-percentage", "0"])
c = s.connect()
if not node.has_faults(c):
    node.skip("no fault points in this build")


def ask(*words):
    """Answered in the end, whoever dies meanwhile."""
    return s.ask(*words)


def info(name):
    for line in ask("INFO", "persistence")[1].decode().split("\r\n"):
        if line.startswith(name + ":"):
            return line.split(":", 1)[1]
    raise AssertionError(name)


def make():
    """Large values, as they are at first."""
    ask("FLUSHALL")
    for name in "one", "two":
        ask("RPUSH", "list:" + name, *("e%d" % i for i in range(20000)))
        ask("HSET", "hash:" + name, *(w for i in range(3000)
                                      for w in ("f%d" % i, i)))
        ask("SADD", "set:" + name, *("m%d" % i for i in range(3000)))
        ask("ZADD", "zset:" + name, *(w for i in range(3000)
                                      for w in (i / 7, "m%d" % i)))
    ask("MSET", *(w for i in range(2000) for w in ("small%d" % i, i)))


def change(number):
    """All of them, in ways that leave something to a snapshot."""
    for words in (
            *(("SET", "small%d" % (number * 7 + i), "new")
              for i in range(30)),
            ("RPUSH", "list:one", *("n%d" % i for i in range(3000))),
            ("LTRIM", "list:one", 2000, -1),
            ("LSET", "list:one", 9000, "set%d" % number),
            ("HSET", "hash:one", "f%d" % number, "x", "new%d" % number, 1),
            ("HDEL", "hash:one", "f%d" % (100 + number)),
            ("SREM", "set:one", "m%d" % number),
            ("SADD", "set:one", "s%d" % number),
            ("ZINCRBY", "zset:one", 1000, "m%d" % number),
            ("ZREM", "zset:one", "m%d" % (100 + number)),
            ("EXPIREAT", "zset:one", 4102444800 + number)):
        with contextlib.suppress(node.Gone, TimeoutError):
            c_of().call(*words)


def c_of():
    """A connection, another one when its worker died."""
    global c
    try:
        c.call("PING")
    except (node.Gone, TimeoutError):
        c = s.connect()
    return c


def go(name):
    """Values that go as a whole."""
    for kind in KINDS:
        with contextlib.suppress(node.Gone, TimeoutError):
            c_of().call("DEL", "%s:%s" % (kind, name))


def at_rest():
    return info("rdb_bgsave_in_progress") == "0" and \
        info("aof_rewrite_in_progress") == "0" and \
        info("aof_rewrite_scheduled") == "0"


def both(number, first, second, point):
    """The second is asked for while the first is held; whether somebody died
    at the point in the second."""
    make()
    said = "fault %s: dies" % point
    before = s.alm.log_count(said)
    with node.holds(s.alm, "pinned") as is_there:
        ask(first)
        node.until(20, is_there, "the saver")
        ask(second, *(["SCHEDULE"] if second == "BGSAVE" else []))
        change(number)
        if number % 2 == 0:
            go("two")
        if point in EARLY:
            ask("DEBUG", "FAULT", point, "die", "once")
        s.alm.hit("saver")
    # Not node.holds(): the worker that it is connected to may die.
    held = s.alm.log_count("fault pinned: holds")
    ask("DEBUG", "FAULT", "pinned", "hold", 600000, "once")
    node.until(20, lambda: at_rest() or s.alm.log_count(
        "fault pinned: holds") > held, "the second")
    if point not in EARLY:
        ask("DEBUG", "FAULT", point, "die", "once")
    change(200 + number)
    go("one")
    ask("DEBUG", "FAULT", "pinned", "off")
    node.until(30, at_rest, "the end of both")
    ask("DEBUG", "FAULT", point, "off")
    return s.alm.log_count(said) > before


def blocks():
    """How many the heap has in use, as the region's report says."""
    return [line for line in killing.sound(ask).splitlines()
            if "blocks:" in line][0]


def nothing():
    """The blocks of a node that holds one key, and owes no saver anything."""
    ask("FLUSHALL")
    ask("SET", "k", "v")
    assert s.save()
    return blocks()


least, died = nothing(), []
number = whole = 0
for first, second in (("BGSAVE", "BGREWRITEAOF"), ("BGREWRITEAOF", "BGSAVE")):
    for point in POINTS:
        number += 1
        if both(number, first, second, point):
            died.append(point)
        # Before the next one takes its place: nothing is in it twice.
        if second == "BGSAVE" and info("rdb_last_bgsave_status") == "ok":
            s.check_file()
            whole += 1
        node.until(30, s.save, "a snapshot after " + point)
        s.check_file()
print("%d of %d cases with a death in the second: %s" % (
    len(died), number, " ".join(sorted(set(died)))))
assert whole > 0, "no second one has succeeded"
assert set(died) >= set(POINTS), died

node.until(20, lambda: nothing() == least, "the end of what was left")

# --- no second one: what is left is swept


def flush(name):
    with contextlib.suppress(node.Gone, TimeoutError):
        c_of().call("FLUSHALL")


def is_swept():
    """One key, no snapshot since, and no block beyond it."""
    ask("FLUSHALL")
    ask("SET", "k", "v")
    return blocks() == least


def unmended(number, leave, point):
    """The saver dies with a value pinned, which goes while control has yet to
    see to that; control may die then."""
    make()
    with node.holds(s.alm, "pinned") as is_there:
        ask("BGSAVE")
        node.until(20, is_there, "the saver")
        with node.holds(s.alm, "mend-begun") as is_mending:
            s.alm.hit("saver")
            node.until(20, is_mending, "control at a dead saver")
            change(number)
            leave("one")
            leave("two")
            said = "fault %s: dies" % point
            before = s.alm.log_count(said)
            if point:
                ask("DEBUG", "FAULT", point, "die", "once")
    node.until(30, at_rest, "the end of the snapshot")
    assert not point or s.alm.log_count(said) == before + 1, point
    assert info("rdb_last_bgsave_status") == "err"
    node.until(20, is_swept, "a sweep")
    node.until(30, s.save, "a snapshot after " + str(point))
    s.check_file()


for leave in go, flush:
    for point in (None, "mend-judged", "mend-let-go", "mend-done"):
        number += 1
        unmended(number, leave, point)


def swept(number, point):
    """A snapshot is asked for while what another one has left is swept, and
    somebody dies at the point."""
    make()
    # Not node.holds(): the worker that it is connected to may die.
    held = s.alm.log_count("fault left-written: holds")
    ask("DEBUG", "FAULT", "left-written", "hold", 600000, "once")
    with node.holds(s.alm, "pinned") as is_there:
        ask("BGSAVE")
        node.until(20, is_there, "the saver")
        change(number)
        go("two")
        s.alm.hit("saver")
    node.until(20, lambda: s.alm.log_count(
        "fault left-written: holds") > held, "a sweep")
    if point:
        assert ask("BGSAVE")[1] == b"Background saving started"
        node.until(5, lambda: info("rdb_bgsave_in_progress") == "1",
                   "what was answered, in INFO")
    said = "fault %s: dies" % point
    before = s.alm.log_count(said)
    if point:
        ask("DEBUG", "FAULT", point, "die", "once")
    if point in EARLY and point != "cut":
        s.alm.hit("saver")
    change(number + 50)
    go("one")
    ask("DEBUG", "FAULT", "left-written", "off")
    node.until(30, at_rest, "the end of the second")
    if not point:
        node.until(20, is_swept, "a sweep")
        return
    assert s.alm.log_count(said) == before + 1, point
    if info("rdb_last_bgsave_status") == "ok":
        s.check_file()
    node.until(30, s.save, "a snapshot after " + point)
    s.check_file()


for point in (None, "left-out", "frees", "segment-locked", "segment-passed",
              "changed", "log-copied", *EARLY):
    number += 1
    swept(number, point)
node.until(20, lambda: nothing() == least, "the end of what was left")

# --- what the file has is what there was
make()
change(1)
digest = s.digest()
assert s.alm.stop() == 0
s.alm.start(seconds=30)
c = s.connect()
assert c.ok("DEBUG", "DIGEST")[1] == digest
assert s.alm.stop() == 0
