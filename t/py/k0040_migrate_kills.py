"""whoever dies while keys are moved, each is on at least one side, and whole

Our workers die at every point of the way; the target dies in the middle of it.
What is asked again afterwards ends well: nobody waits for a dead mover.
"""

# limit 120s

import os
import signal
import threading

import node

POINTS = ("target-connected", "move-taken", "move-removes", "log-published",
          "slot-locked")
OK = ("simple", b"OK")

ours = node.Node("ours", ["--enable-debug-command", "yes"], kind="almandined")
theirs = node.Node("theirs", kind="redis")
if not node.has_faults(ours.connect()):
    node.skip("no fault points in this build")
names = ["k%d" % i for i in range(300)]


def fill():
    c = ours.connect(seconds=30)
    c.pipeline([("SET", k, k * 50) for k in names])
    c.close()


def migrate(seconds=30):
    """Its answer, or None when the worker that was asked is gone."""
    c = ours.connect(seconds=seconds)
    try:
        return c.call("MIGRATE", "127.0.0.1", theirs.port, "", 0, 3000,
                      "REPLACE", "KEYS", *names)
    except node.Gone:
        return None
    finally:
        c.close()


def check():
    a, b = ours.connect(seconds=30), theirs.connect()
    here, there = [c.pipeline([("GET", k) for k in names]) for c in (a, b)]
    for k, x, y in zip(names, here, there):
        assert ("bulk", (k * 50).encode()) in (x, y), k
    assert a.ok("DEBUG", "REGION")[0] != "error"
    return (sum(x[0] == "bulk" for x in here),
            sum(y[0] == "bulk" for y in there))


for point in POINTS:
    fill()
    theirs.connect().ok("FLUSHALL")
    old = ours.processes()
    ours.connect().ok("DEBUG", "FAULT", point, "die", "once")
    migrate()
    node.until(10, lambda: ours.processes().keys() == old.keys() and
               ours.processes() != old, "the next worker after " + point)
    ours.connect().ok("DEBUG", "FAULT", point, "off")
    here, there = check()
    got = migrate()
    assert got in (OK, ("simple", b"NOKEY")), (point, got)
    assert check() == (0, 300), point

# Half of them are there when the worker dies that removes them.
fill()
old = ours.processes()
mover = threading.Thread(target=migrate)
ours.connect().ok("DEBUG", "FAULT", "move-removes", "hold", 20)
mover.start()
node.until(10, lambda: ours.connect().ok("DBSIZE")[1] < 295, "some removals")
for name in ("worker 0", "worker 1"):
    ours.hit(name)
mover.join()
node.until(10, lambda: len(ours.processes()) == len(old) and
           ours.is_up(), "workers")
ours.connect().ok("DEBUG", "FAULT", "move-removes", "off")
check()
assert migrate() in (OK, ("simple", b"NOKEY"))
assert check()[0] == 0

# The target dies.
for _ in range(5):
    fill()
    ours.connect().ok("DEBUG", "FAULT", "move-taken", "hold", 5)
    got = []
    mover = threading.Thread(target=lambda: got.append(migrate()))
    mover.start()
    node.until(10, lambda: ours.connect().ok("DBSIZE")[1] < 290, "the move")
    os.kill(theirs.pid, signal.SIGSTOP)
    left = ours.connect().ok("DBSIZE")[1]
    theirs.child.kill()
    theirs.child.wait()
    mover.join()
    ours.connect().ok("DEBUG", "FAULT", "move-taken", "off")
    # At most one handful was on its way; what it had not taken is here.
    left = ours.connect().ok("DBSIZE")[1]
    assert left == 0 and got == [OK] or got[0][0] == "error" and left > 0, \
        (left, got)
    theirs.start()
assert migrate() in (OK, ("simple", b"NOKEY"))
