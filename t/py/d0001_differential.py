"""random commands over the whole command set, compared with redis-server

Both servers get the same requests in the same order; every reply is compared,
and every few thousand requests the fingerprint of all data.  Environment:
DIFFER_COUNT (200000, with sanitizers 20000), DIFFER_SEED (1; runtests takes
another each time, which is printed when requests differ), DIFFER_STOP.

What may differ is written in t/lib/differ.py (INTENDED), each with its reason.
"""

# limit 600s

import os
import random
import sys
import time

import differ
import node
import resp

COUNT = int(os.environ.get("DIFFER_COUNT") or (
    20000 if os.environ.get("ALMANDINE_SANITIZED") else 200000))
SEED = int(os.environ.get("DIFFER_SEED", "1"))
BATCH = 200

print("DIFFER_SEED=%d" % SEED)
random.seed(SEED)
# redis-server looks after blocked clients' time-outs hz times a second.
ours = node.Node("ours", kind="almandined")
theirs = node.Node("theirs", ["--hz", "500"], kind="redis")
used, bad = {}, []


def settle(proto):
    """Both at the same place: database 0, outside of a transaction."""
    return [n.connect(proto, seconds=30) for n in (ours, theirs)]


def by_hand(q, a, b):
    """Requests whose result is chance: theirs is made to follow ours."""
    name = q[0].lower()
    if name == b"spop" and len(q) == 2:
        popped = a.call(*q)
        if popped[0] != "bulk":
            return popped, b.call(*q)
        return ("int", 1), b.call("SREM", q[1], popped[1])
    return None


def check(q, x, y):
    if not differ.same(q, x, y):
        bad.append((q, x, y))
        print("request %r\n  ours   %s\n  theirs %s" % (
            [w[:80] for w in q], resp.show(x)[:600], resp.show(y)[:600]))
        if len(bad) >= int(os.environ.get("DIFFER_STOP", "1")):
            sys.exit(1)


def digests(a, b):
    x, y = a.call("DEBUG", "DIGEST"), b.call("DEBUG", "DIGEST")
    assert x == y, "the data differ: %r %r" % (x, y)


done = rounds = 0
while done < COUNT:
    proto = 2 + rounds % 2
    a, b = settle(proto)
    batch = [differ.request() for _ in range(BATCH)]
    queued = False
    start = 0
    for i, q in enumerate(batch + [None]):
        single = q is not None and q[0].lower() == b"spop" and len(q) == 2
        if q is not None and not single:
            continue
        part = batch[start:i]
        since = time.monotonic()
        replies = a.pipeline(part), b.pipeline(part)
        differ.longest = max(differ.longest, time.monotonic() - since)
        for p, x, y in zip(part, *replies):
            used[p[0]] = used.get(p[0], 0) + 1
            if p[0].lower() == b"dump":
                differ.keep_payload(random.choice([x, y]))
            if p[0].lower() == b"exec" and x[0] == y[0] == "array":
                continue    # what was inside is seen in the fingerprint
            check(p, x, y)
        if single:
            in_multi = a.call("MULTI")[0] == "error"
            b.call("MULTI")
            if not in_multi:
                a.call("DISCARD"), b.call("DISCARD")
                x, y = by_hand(q, a, b)
                if x[0] == "int":
                    assert y == ("int", 1), (q, x, y)
                else:
                    check(q, x, y)
            used[q[0]] = used.get(q[0], 0) + 1
        start = i + 1
    a.call("DISCARD"), b.call("DISCARD")
    a.close(), b.close()
    done += BATCH
    rounds += 1
    if rounds % 25 == 0:
        a, b = settle(2)
        digests(a, b)
        if rounds % 100 == 0:
            a.call("FLUSHALL"), b.call("FLUSHALL")
        a.close(), b.close()

a, b = settle(2)
digests(a, b)
assert not bad
missing = [n for n in differ.NAMES if n.encode() not in used and
           not n.endswith("1") and n != "randomnothing"]
assert not missing, "never sent: %s" % missing
print("%d requests, %d different commands" % (done, len(used)))
