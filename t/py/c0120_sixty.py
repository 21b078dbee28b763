"""sixty nodes on one machine: they come to an agreement after create and after
the death of five, and who has nothing to do costs little

In its short form a dozen.
"""

# limit 400s

import os
import time

import clustering as cl
import node

if node.LONG > 1:
    # More than a test has for itself.
    os.environ["ALMANDINE_TEST_PORTS"] = "17000-17999"
COUNT = 60 if node.LONG > 1 else 12
DEAD = 5 if node.LONG > 1 else 2
TICKS = os.sysconf("SC_CLK_TCK")
SECONDS = 60 if node.LONG > 1 else 30

cl.TIMEOUT_MS = 5000
nodes = cl.start(["almandined"] * COUNT, ["--workers", "1", "--shm-size",
                 "256mb", "--repl-backlog-size", "1mb"])


def used(name):
    """Seconds of the processor that a kind of process has taken, of each."""
    out = []
    for n in nodes:
        if n.child.poll() is None:
            with open("/proc/%d/stat" % n.process(name)) as f:
                words = f.read().rpartition(")")[2].split()
            out.append((int(words[11]) + int(words[12])) / TICKS)
    return out


begun = time.monotonic()
cl.create(nodes, replicas=1)
cl.agreed(nodes, SECONDS)
print("%d nodes agree %.1f s after the begin of create" % (
    COUNT, time.monotonic() - begun))

# What they do when there is nothing to do.
before, begun = [used("control"), used("worker 0")], time.monotonic()
node.until(60, lambda: time.monotonic() - begun > (20 if COUNT > 12 else 1),
           "a rest")
took = time.monotonic() - begun
for name, was in zip(("control", "worker 0"), before):
    share = [100 * (y - x) / took for x, y in zip(was, used(name))]
    print("%s: %.2f %% of a core on average, %.2f %% at most" % (
        name, sum(share) / len(share), max(share)))
    assert sum(share) / len(share) < 2 * node.SLOW, share

# Primaries among them die together with others, of several shards.
dead = [n for n in nodes if cl.role(n) == "master"][:DEAD]
begun = time.monotonic()
for n in dead:
    n.kill()
rest = [n for n in nodes if n not in dead]


def is_whole():
    try:
        return all(cl.info(n, "cluster_state") == "ok" and
                   cl.info(n, "cluster_slots_ok") == "16384" for n in rest)
    except node.Gone:
        return False


node.until(SECONDS, is_whole, "a replacement for each")
print("%d deaths: all slots are served after %.1f s" % (
    DEAD, time.monotonic() - begun))
for n in dead:
    n.start()
begun = time.monotonic()
cl.agreed(nodes, SECONDS)
print("they are back after %.1f s" % (time.monotonic() - begun))
cl.check(nodes[-1])
