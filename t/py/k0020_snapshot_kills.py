"""processes die while snapshots are taken: no snapshot is ever wrong

The saver, workers and control are killed at random times during SAVE, and at
the points of a snapshot's way.  A snapshot that succeeds holds exactly what
there was at its cut; one that fails leaves the old file and nothing beside it;
the next one succeeds.
"""

# limit 200s

import os
import random
import threading
import time

import killing
import node
import snapping

POINTS = ("hand-copied", "hand-seen", "hand-stamped", "segment-locked",
          "segment-passed", "cut", "save-write", "save-push",
          "save-sync", "save-written", "save-renamed")

s = snapping.Snapping(args=["--respawn-limit", "0"])
s.fill(30000)
s.begin_load()
rand = random.Random(os.getpid())
kills = failed = 0


def temporary():
    return [n for n in os.listdir(s.alm.dir) if n.startswith("temp-")]


def save_again():
    """After a death: a snapshot, which is exact."""
    node.until(20, s.save, "a snapshot after a death")
    s.check_file()
    node.until(5, lambda: not temporary(), "the end of %r" % temporary())


def kill(name):
    try:
        s.alm.hit(name)
        return 1
    except (node.Gone, ProcessLookupError):
        return 0


def kill_during(name, delay):
    """Kills it soon after it is there."""
    global kills
    done = threading.Event()

    def strike():
        global kills
        end = time.monotonic() + 2
        while not done.is_set() and time.monotonic() < end:
            if kill(name):
                kills += 1
                return
            done.wait(delay)

    t = threading.Thread(target=strike)
    t.start()
    ok = s.save()
    done.set()
    t.join()
    return ok


assert s.save()
end = time.monotonic() + node.lasting(10)
while time.monotonic() < end:
    name = rand.choice(("saver", "saver", "worker 0", "worker 1", "control"))
    ok = kill_during(name, rand.uniform(0.001, 0.02))
    if ok:
        s.check_file()
    else:
        failed += 1
    save_again()
print("%d kills, %d snapshots failed" % (kills, failed))

if b"no fault points" not in s.ask("DEBUG", "FAULT", "cut", "off")[1]:
    for point in POINTS:
        before = s.alm.log_has("fault %s: dies" % point)
        s.ask("DEBUG", "FAULT", point, "die", "once")
        node.until(20, lambda: s.save() and s.alm.log_has(
            "fault %s: dies" % point), "a death at " + point)
        save_again()
    # More of them in a row than there are stamps.
    for _ in range(17):
        s.ask("DEBUG", "FAULT", "segment-passed", "die", "once")
        assert not s.save()
    save_again()
    # The disk is full.
    s.ask("DEBUG", "FAULT", "save-write", "error")
    assert not s.save()
    s.ask("DEBUG", "FAULT", "save-write", "off")
    save_again()

s.end_load()
save_again()
killing.sound(s.ask)
assert s.loads.ok("DEBUG", "DIGEST")[1] == s.digest()
assert s.alm.stop() == 0
