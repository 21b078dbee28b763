"""replicas that go to another primary: one that has lost its last gets one from
the shard with most, if cluster-allow-replica-migration and
cluster-migration-barrier let it go; and a primary whose last slot was moved
away follows who has it, with its replica
"""

# limit 90s

import time

import clustering as cl
import node

nodes = cl.start(["almandined"] * 7)
p0, p1, p2 = primaries = nodes[:3]
r0, r1, s1, r2 = nodes[3:]
cl.create(primaries, replicas=0)
cl.agreed(primaries)
id_of = {n: cl.myid(n) for n in nodes}
for n in nodes[3:]:
    n.connect().ok("CLUSTER", "MEET", "127.0.0.1", p0.port, p0.bus)
for n, to in ((r0, p0), (r1, p1), (s1, p1), (r2, p2)):
    node.until(20, lambda: len(cl.lines(n)) == 7, "the meeting")
    n.connect().ok("CLUSTER", "REPLICATE", id_of[to])
for n in nodes[3:]:
    cl.linked(n)
cl.agreed(nodes)


def follows(n):
    """By its own word; "-": nobody."""
    return cl.lines(n)[id_of[n]][3]


def set_all(option, value, *of):
    for n in of:
        n.connect().ok("CONFIG", "SET", option, value)


def stay(seconds):
    """Neither of the two goes, as long as that."""
    end = time.monotonic() + seconds
    node.until(seconds + 5, lambda: time.monotonic() > end or
               any(follows(n) != id_of[p1] for n in (r1, s1)), "that time")
    assert follows(r1) == follows(s1) == id_of[p1]


# --- one that has lost its last --------------------------------------------

set_all("cluster-migration-barrier", 2, r1, s1)
r0.kill()
node.until(20, lambda: all("fail" in cl.lines(n)[id_of[r0]][2].split(",")
                           for n in (r1, s1)), "its death")
# It is helped after five seconds, looked for once a second.
stay(6.3)
set_all("cluster-allow-replica-migration", "no", r1, s1)
set_all("cluster-migration-barrier", 1, r1, s1)
stay(1.2)
set_all("cluster-allow-replica-migration", "yes", r1, s1)
goes, rests = sorted((r1, s1), key=lambda n: id_of[n])
node.until(10, lambda: follows(goes) == id_of[p0], "one that goes there")
cl.linked(goes)
# One is enough for the barrier, and who comes back is one more.
r0.start()
cl.linked(r0)
cl.agreed(nodes)
assert follows(rests) == id_of[p1] and follows(r0) == id_of[p0]

# --- one that has lost its last slot ---------------------------------------


def state(n):
    rows = n.connect().ok("CLUSTER", "GETSLOTMIGRATIONS")[1]
    return rows[0][1][17][1] if rows else b""


def migrate(source, target, first, last):
    source.connect().ok("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", first, last,
                        "NODE", id_of[target])
    node.until(20, lambda: state(source) in (b"success", b"failed"), "the end")
    assert state(source) == b"success"
    node.until(10, lambda: state(target) == b"success", "the import's end")


first = int(cl.lines(p2)[id_of[p2]][8].split("-")[0])
c = p2.connect()
keys = [k for k in ("k%d" % i for i in range(300))
        if c.call("SET", k, "v")[0] != "error"]
set_all("cluster-allow-replica-migration", "no", p2, r2)
migrate(p2, p1, first, 16383)
cl.agreed(nodes)
assert follows(p2) == "-" and follows(r2) == id_of[p2]
assert cl.role(p2) == "master"
# Slot 16383 has none of these keys.
assert all(c.ok("CLUSTER", "KEYSLOT", k)[1] != 16383 for k in keys)
migrate(p1, p2, 16383, 16383)
cl.agreed(nodes)
set_all("cluster-allow-replica-migration", "yes", p2, r2)
p1.connect().ok("CLUSTER", "SETSLOT", 16383, "IMPORTING", id_of[p2])
p2.connect().ok("CLUSTER", "SETSLOT", 16383, "MIGRATING", id_of[p1])
for n in (p2, p1):
    n.connect().ok("CLUSTER", "SETSLOT", 16383, "NODE", id_of[p1])
for n in (p2, r2):
    node.until(10, lambda: follows(n) == id_of[p1], "who follows its slots")
    cl.linked(n)
# A whole move of all that one has, with its replicas.
size = p1.connect().ok("DBSIZE")[1]
assert size == len(keys) > 0, (size, len(keys))
for n in (p2, r2, rests):
    node.until(10, lambda: n.connect().ok("DBSIZE")[1] == size, "the keys")
cl.agreed(nodes)
migrate(p0, p1, 0, 5460)
for n in (p0, r0, goes):
    node.until(10, lambda: follows(n) == id_of[p1], "who follows its slots")
cl.agreed(nodes)
cl.check(p1)
