"""slots that come by CLUSTER MIGRATESLOTS: nobody but the connection that shows
this move's pass, and shows it first, writes into them

The giver is the test, by its word on the bus.
"""

import struct
import threading

import bus
import clustering as cl
import node

BEGIN, ACCEPT, ALIVE, GIVE, GONE, CANCEL = range(1, 7)
SHIFT = 10

n = cl.start(["almandined"])[0]
c = n.connect(seconds=20)
c.ok("CLUSTER", "ADDSLOTSRANGE", 100, 16383)
f = bus.Fake(n)
f.claims = dict(slots=range(100), config_epoch=5, own=1)
node.until(20, lambda: cl.lines(n).get(f.id, [])[8:] == ["0-99"],
           "the fake's slots")
me = cl.myid(n)


def tag_of(here):
    return next("{%d}" % i for i in range(10000) if (c.ok(
        "CLUSTER", "KEYSLOT", "{%d}" % i)[1] < 100) == here)


comes, mine = tag_of(True) + "k", tag_of(False) + "k"
slot = c.ok("CLUSTER", "KEYSLOT", comes)[1]
node.until(10, lambda: c.call("SET", mine, "v") == ("simple", b"OK"), "writes")
payload = c.ok("DUMP", mine)[1]


def shift(verb, token):
    f.say_own(SHIFT, bytes([verb]) + struct.pack(">QQ", token, 0) +
              bus.bits(range(100)))


def passes(token):
    return [struct.unpack(">Q", p[9:17])[0] for kind, p in list(f.own)
            if kind == SHIFT and p[0] == ACCEPT and
            struct.unpack(">Q", p[1:9])[0] == token]


def alive():
    """It is not silent for as long as this test goes on."""
    while True:
        if token_now:
            shift(ALIVE, token_now)
        threading.Event().wait(0.2)


token_now = 0
threading.Thread(target=alive, daemon=True).start()


def begin(token):
    """The pass, as it is shown."""
    global token_now

    def is_accepted():
        shift(BEGIN, token)
        return passes(token)
    token_now = token
    node.until(20, is_accepted, "its word that slots may come")
    assert len(set(passes(token))) == 1
    return "%016x" % passes(token)[0]


def cancel(token):
    global token_now
    token_now = 0

    def is_over():
        shift(CANCEL, token)
        rows = c.ok("CLUSTER", "GETSLOTMIGRATIONS")[1]
        return rows and rows[0][1][17][1] == b"failed" and count() == 0
    node.until(20, is_over, "the end of the move")


def count():
    return c.ok("CLUSTER", "COUNTKEYSINSLOT", slot)[1]


def is_closed(conn):
    try:
        return conn.call("PING") is None
    except (node.Gone, OSError):
        return True


def restore(conn, value=payload):
    return conn.call("RESTORE-ASKING", comes, 0, value, "REPLACE", "ABSTTL")


def refused(why, *words):
    conn = n.connect()
    got = conn.call("CLUSTER", "SYNCSLOTS", *words)
    assert got[0] == "error" and why in got[1].decode(), got
    assert is_closed(conn)
    node.until(5, lambda: n.log_has("may not bring slots: " + why),
               "a line about it")


def greeted(word):
    conn = n.connect()
    conn.ok("CLUSTER", "SYNCSLOTS", word, f.id, me)
    return conn


refused("no slots come", "0" * 16, f.id, me)

# --- forged ----------------------------------------------------------------

first = begin(71)
conn = n.connect()
for words in (("SET", comes, "bad"), ("DEL", comes), ("GET", comes),
              ("RESTORE", comes, 0, payload)):
    conn.ok("ASKING")
    got = conn.call(*words)
    assert got[1].startswith(b"MOVED %d " % slot), (words, got)
assert restore(conn)[1].startswith(b"MOVED %d " % slot)
assert not is_closed(conn)
node.until(5, lambda: n.log_has("is not who brings slot %d" % slot), "a line")
refused("slots come under another pass", "0" * 16, f.id, me)
refused("slots come from another node", first, me, me)
refused("the slots go to another node", first, f.id, f.id)
assert count() == 0

# --- the one that may ------------------------------------------------------

old = greeted(first)
assert restore(old) == ("simple", b"OK")
assert count() == 1
assert old.ok("DEL", comes) == ("int", 1)
assert restore(old) == ("simple", b"OK")
refused("the slots' keys come by another connection", first, f.id, me)
# Nothing but that, and not for others.
conn.ok("ASKING")
assert conn.call("SET", comes, "bad")[1].startswith(b"MOVED ")

# --- one that is late ------------------------------------------------------

cancel(71)
second = begin(72)
assert second != first
assert restore(old)[1].startswith(b"MOVED ")
assert is_closed(old)
node.until(5, lambda: n.log_has("still brings keys"), "a line about it")
refused("slots come under another pass", first, f.id, me)
assert count() == 0
new = greeted(second)
assert restore(new) == ("simple", b"OK")
# What it may not it loses its place by.
assert new.call("SET", comes, "bad")[1].startswith(b"MOVED ")
assert is_closed(new)
cancel(72)
