"""what a random command does to a key that is watched, as redis-server sees it

WATCH k, a command, MULTI, EXEC: the transaction fails exactly when the command
changed k in redis-server's eyes.  Environment: WATCHED_COUNT (commands),
WATCHED_SEED, WATCHED_STOP (differences before it stops).
"""

# limit 120s

import os
import random
import sys

import differ
import node
import resp

COUNT = int(os.environ.get("WATCHED_COUNT") or (
    2000 if os.environ.get("ALMANDINE_SANITIZED") else 15000))
SEED = int(os.environ.get("WATCHED_SEED", "1"))
STOP = int(os.environ.get("WATCHED_STOP", "1"))
BATCH = 100
# They end the test's own transaction, or their result is chance.
LEFT_OUT = {b"multi", b"exec", b"discard", b"watch", b"unwatch", b"select"}

print("WATCHED_SEED=%d" % SEED)
random.seed(SEED)
ours = node.Node("ours", kind="almandined")
theirs = node.Node("theirs", ["--hz", "500"], kind="redis")
bad = 0


def request():
    if random.random() < 0.005:
        return [b"FLUSHALL"]
    while True:
        q = differ.request()
        name = q[0].lower()
        if name not in LEFT_OUT and not (name == b"spop" and len(q) == 2):
            return q


def watched(q):
    """A key of q, most of the time."""
    keys = [w for w in q[1:] if w in differ.KEYS]
    return random.choice(keys if keys and random.random() < 0.95
                         else differ.KEYS)


for start in range(0, COUNT, BATCH):
    a, b = [n.connect(2 + start // BATCH % 2, seconds=30)
            for n in (ours, theirs)]
    part = []
    for _ in range(BATCH):
        q = request()
        part += [[b"WATCH", watched(q)], q, [b"MULTI"], [b"EXEC"]]
    x, y = a.pipeline(part), b.pipeline(part)
    for i in range(0, len(part), 4):
        q = part[i + 1]
        if x[i + 3] == y[i + 3] and differ.same(q, x[i + 1], y[i + 1]):
            continue
        bad += 1
        print("watched %r, request %r" % (
            part[i][1][:80], [w[:80] for w in q]))
        for who, z in ("ours  ", x), ("theirs", y):
            print("  %s %s, exec %s" % (who, resp.show(z[i + 1])[:300],
                                        resp.show(z[i + 3])))
        if bad >= STOP:
            sys.exit(1)
    a.close(), b.close()
assert bad == 0
print("%d requests" % COUNT)
