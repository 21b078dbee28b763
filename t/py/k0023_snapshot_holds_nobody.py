"""who changes what a snapshot has yet to get does not wait for it

The saver is held in the middle: every change of every kind of large value is
answered meanwhile, be it the one that the saver reads or another one, be it
changed, deleted, overwritten, renamed or given a time to live, however long a
field, a member or the key; and the snapshot has what there was at its cut.  Saver and workers die in between: no snapshot is
wrong, and nothing is left behind.
"""

# limit 150s

import time

import killing
import node
import snapping

s = snapping.Snapping(args=["--respawn-limit", "0", "--stall-timeout",
                            "60000"])
if not node.has_faults(s.connect()):
    node.skip("no fault points in this build")
c = s.connect()
LATER = 4102444800
BIG = "x" * 1000000
LONG = "n" * 140000   # a field, a member, the end of a key
s.twin.ok("XADD", "stream", "1-1", "field", "y" * 200000)
STREAM = s.twin.ok("DUMP", "stream")[1]


def fields(n, width=1):
    return [w for i in range(n) for w in (["f%d" % i, "v%d" % i][:width])]


MAKE = {
    "hash": lambda k: ("HSET", k, *fields(3000, 2)),
    "set": lambda k: ("SADD", k, *fields(3000)),
    "zset": lambda k: ("ZADD", k, *(w for i in range(3000)
                                    for w in (i / 7, "m%d" % i))),
    "list": lambda k: ("RPUSH", k, *("e%d" % i for i in range(20000))),
    "string": lambda k: ("SET", k, BIG),
    "stream": lambda k: ("RESTORE", k, 0, STREAM),
    "fields": lambda k: ("HSET", k, *fields(600, 2), *(
        w for i in range(6) for w in ("long%d" % i, LONG)), LONG, 7),
    "members": lambda k: ("SADD", k, *fields(600), *(
        LONG + str(i) for i in range(6))),
    "scored": lambda k: ("ZADD", k, *(w for i in range(6)
                                      for w in (i * 50, LONG + str(i))),
                         *(w for i in range(600)
                           for w in (i / 7, "m%d" % i))),
    "named": lambda k: ("HSET", k, *fields(600, 2)),
    "small": lambda k: ("RPUSH", k, "a", "b", "c"),
}
NAMED = ("named", "small")   # their keys are long
LONGER = ("fields", "members", "scored", *NAMED)
CHANGE = {
    "hash": lambda k: [("HSET", k, "f1", "new", "more", "1"),
                       ("HDEL", k, "f2999", "f7"),
                       ("HINCRBY", k, "count", 1)],
    "set": lambda k: [("SADD", k, "new"), ("SREM", k, "f1"), ("SPOP", k, 500)],
    "zset": lambda k: [("ZADD", k, 9, "new"), ("ZINCRBY", k, 1000, "m5"),
                       ("ZREM", k, "m2999"), ("ZPOPMAX", k, 10),
                       ("ZREMRANGEBYRANK", k, 5, 2500)],
    "list": lambda k: [("RPUSH", k, *("n%d" % i for i in range(3000))),
                       ("LPUSH", k, "first"), ("LSET", k, 10000, "other"),
                       ("LINSERT", k, "BEFORE", "e100", "x"),
                       ("LREM", k, 0, "e19000"), ("RPOP", k, 5000),
                       ("LTRIM", k, 300, 9000)],
    "string": lambda k: [("APPEND", k, "more"), ("SETRANGE", k, 500000, "in"),
                         ("SETBIT", k, 77, 1),
                         ("BITFIELD", k, "SET", "u8", 800, 255)],
    "stream": lambda k: [],
    "fields": lambda k: [("HSET", k, "long0", "short", "long1", LONG + "new"),
                         ("HSET", k, "long1", LONG + "newer"),
                         ("HDEL", k, "long2", "long1", "f7"),
                         ("HINCRBY", k, LONG, 1), ("HSET", k, LONG, "8"),
                         ("HSET", k, "more", LONG), ("HDEL", k, "more"),
                         ("HSET", k, LONG + "new", LONG)],
    "members": lambda k: [("SREM", k, LONG + "0", "f1"),
                          ("SADD", k, LONG + "0", LONG + "new"),
                          ("SREM", k, LONG + "new"), ("SPOP", k, 30)],
    "scored": lambda k: [("ZADD", k, 9, LONG + "0", 9, LONG + "new"),
                         ("ZINCRBY", k, 1000, LONG + "1"),
                         ("ZINCRBY", k, -1000, LONG + "1"),
                         ("ZREM", k, LONG + "2"), ("ZPOPMAX", k, 2),
                         ("ZREMRANGEBYRANK", k, 5, 300)],
    "named": lambda k: [("HSET", k, "f1", "new"), ("HDEL", k, "f2")],
    "small": lambda k: [("RPUSH", k, "d"), ("LPOP", k), ("LSET", k, 0, "e"),
                        ("MULTI",), ("RPUSH", k, "f"), ("RPUSH", k, "g"),
                        ("EXEC",)],
}
WHOLE = {
    "del": lambda k, other: [("DEL", k)],
    "unlink": lambda k, other: [("UNLINK", k)],
    "set": lambda k, other: [("SET", k, "small")],
    "store": lambda k, other: [("SUNIONSTORE", k, "some")],
    "rename": lambda k, other: [("RENAME", k, other)],
    "onto": lambda k, other: [("SET", other, "new"), ("RENAME", other, k)],
    "move": lambda k, other: [("MOVE", k, 2)],
    "expire": lambda k, other: [("PEXPIREAT", k, LATER * 1000)],
    "persist": lambda k, other: [("EXPIREAT", k, LATER + 5), ("PERSIST", k)],
    "past": lambda k, other: [("EXPIREAT", k, 1)],
    "twice": lambda k, other: [("RENAME", k, other),
                               ("EXPIREAT", other, LATER),
                               ("RENAME", other, k + ":back"),
                               ("DEL", k + ":back")],
    "unit": lambda k, other: [("MULTI",), ("RENAME", k, other),
                              ("DEL", other), ("EXEC",)],
}


def of(kind, how):
    """The commands of a case, on a key of its own."""
    k = "%s:%s" % (kind, how) + (LONG if kind in NAMED else "")
    other = "%s:%s:other" % (kind, how)
    if how == "change":
        return k, CHANGE[kind](k)
    if how == "both":
        # Another name first, then changes, then it goes.
        return k, [("RENAME", k, other)] + CHANGE[kind](other) + [
            ("DEL", other)]
    return k, WHOLE[how](k, other)


def answered(commands):
    for words in commands:
        value = c.call(*words)
        assert value[0] != "error", (words, value)


def is_saving():
    return b"rdb_bgsave_in_progress:1" in c.ok("INFO", "persistence")[1]


def is_sound():
    """At rest: nothing waits for a saver any more."""
    return killing.sound(c.ok)


def ended():
    node.until(30, lambda: not is_saving(), "the end of the snapshot")


def held_at(point, commands):
    """A snapshot during which the saver stays at a point until all of the
    commands are answered."""
    with node.holds(s.alm, point) as is_there:
        c.ok("BGSAVE")
        node.until(20, is_there, "the saver at " + point)
        answered(commands)
        assert is_saving()
    ended()
    assert b"rdb_last_bgsave_status:ok" in c.ok("INFO", "persistence")[1]


def begin_with(cases):
    """Nothing but the values of these cases; what is then done to them."""
    c.ok("FLUSHALL")
    c.ok("SADD", "some", *fields(300))
    todo = []
    for kind, how in cases:
        k, commands = of(kind, how)
        c.ok(*MAKE[kind](k))
        if how == "persist":
            c.ok("EXPIREAT", k, LATER)
        todo += commands
    return todo


HOWS = ("change", "both", *WHOLE)
CASES = [(kind, how) for kind in MAKE for how in HOWS]

# --- all of them, most of which the saver has yet to come to -----------------
# In parts: 8 MB may lie in the ring before those that write wait.
began = time.monotonic()
for kinds in (set(MAKE) - set(LONGER), set(LONGER) - set(NAMED), NAMED):
    todo = begin_with([case for case in CASES if case[0] in kinds])
    held_at("pinned", todo)
    s.check_file()
    is_sound()
    print("%d commands while the saver was held; %.1f s" % (
        len(todo), time.monotonic() - began))

# --- each of them while the saver reads the very value -----------------------
for kind in MAKE:
    for how in HOWS if node.LONG > 1 else ("both", "twice"):
        todo = begin_with([(kind, how)])
        c.ok("DEL", "some")
        held_at("pinned", todo)
        s.check_file()
    # With some parts written, and others not.
    if kind not in ("string", "stream", "small"):
        todo = begin_with([(kind, "change"), (kind, "past")])
        c.ok("DEL", "some")
        held_at("part-taken", todo)
        s.check_file()
is_sound()
print("%.1f s" % (time.monotonic() - began))

# --- FLUSHALL gives the snapshot up, and does not wait either ----------------
begin_with([("zset", "change")])
with node.holds(s.alm, "pinned") as is_there:
    c.ok("BGSAVE")
    node.until(20, is_there, "the saver")
    c.ok("FLUSHALL")
    assert is_saving()
ended()
is_sound()

# --- what was left to a saver is freed, also when nobody wants it ------------
assert c.ok("DBSIZE")[1] == 0
c.ok("SET", "k", "v")
assert s.save()  # not before the sweep
blocks = [line for line in is_sound().splitlines() if "blocks:" in line][0]

# --- processes die in between ------------------------------------------------


def dies_at(point, cases=CASES):
    """Somebody dies at a point while the cases are gone through."""
    global c
    todo = begin_with(cases)
    said, held = "fault %s: dies" % point, "fault pinned: holds"
    before, holds = s.alm.log_count(said), s.alm.log_count(held)
    c.ok("DEBUG", "FAULT", "pinned", "hold", 600000, "once")
    c.ok("BGSAVE")
    node.until(20, lambda: s.alm.log_count(held) > holds, "the saver")
    c.ok("DEBUG", "FAULT", point, "die", "once")
    for words in todo:
        try:
            c.call(*words)
        except (node.Gone, TimeoutError):
            c = s.connect()
    c = s.connect()
    c.ok("DEBUG", "FAULT", "pinned", "off")
    node.until(30, lambda: s.alm.log_count(said) > before, "a death at " +
               point)
    c = s.connect()
    ended()
    is_sound()
    assert s.save(), point
    s.check_file()


some = [(kind, how) for kind in ("zset", "list", "string")
        for how in ("both", "del", "expire")]
long = [(kind, how) for kind in ("fields", "members", "scored")
        for how in ("change", "rename")]
for point in ("left", "hand-copied", "left-written", "left-out", "part-taken",
              "taken", "frees", "given-remote"):
    dies_at(point, some)
for point in ("left", "hand-copied", "changed", "left-written", "left-out"):
    dies_at(point, long)
is_sound()

# The saver is killed, and what was left to it is freed by the next one.
begin_with([])
for _ in range(int(node.lasting(2))):
    todo = begin_with(some + long)
    with node.holds(s.alm, "pinned") as is_there:
        c.ok("BGSAVE")
        node.until(20, is_there, "the saver")
        answered(todo)
        s.alm.hit("saver")
    ended()
    is_sound()
c.ok("FLUSHALL")
c.ok("SET", "k", "v")


def same_blocks():
    return blocks in is_sound().splitlines()


node.until(20, same_blocks, "the end of what was left")
assert s.save()
s.check_file()
print("%.1f s" % (time.monotonic() - began))
assert s.alm.stop() == 0
