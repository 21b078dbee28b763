"""CLUSTER tells who is where also while a node loads its data"""

import threading

import clustering as cl
import node

KEYS = 60000
VIEWS = [("CLUSTER",) + words for words in (
    ("NODES",), ("INFO",), ("MYID",), ("MYSHARDID",), ("SLOTS",), ("SHARDS",),
    ("LINKS",), ("KEYSLOT", "a"), ("ENDPOINT", "?"), ("MYPARENTID",),
    ("SLOTSTATE", 1), ("COUNT-FAILURE-REPORTS", "?"))]

n = cl.start(["almandined"])[0]
c = n.connect()
c.ok("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
node.until(10, lambda: cl.info(n, "cluster_state") == "ok", "the cluster")
me = cl.myid(n)
VIEWS = [tuple(me if w == "?" else w for w in words) for words in VIEWS]
VIEWS.append(("CLUSTER", "REPLICAS", me))
for i in range(0, KEYS, 2000):
    c.pipeline([("SET", "k%d" % k, k) for k in range(i, i + 2000)])
before = [v[0] for v in c.pipeline(VIEWS)]
assert "error" not in before, before

# Whatever lies between two requests that are refused was asked meanwhile.
seen = 0
for _ in range(50):
    loader = threading.Thread(target=n.connect(seconds=20).ok,
                              args=("DEBUG", "RELOAD"))
    loader.start()
    while loader.is_alive():
        got = c.pipeline([("GET", "k1")] + VIEWS + [("GET", "k1")])
        assert [v[0] for v in got[1:-1]] == before, got
        loads = [v[0] == "error" and v[1].startswith(b"LOADING")
                 for v in (got[0], got[-1])]
        seen += all(loads)
    loader.join()
    if seen:
        break
assert seen, "no load was long enough"
assert c.ok("GET", "k1")[1] == b"1"
cl.check(n)
