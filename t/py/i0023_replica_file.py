"""a replica with an append-only file says what it has on disk, and goes on from
there after its death

WAITAOF on the primary counts it; the whole replica is killed under load and
started again: its file and the primary's backlog are enough.
"""

# limit 90s

import os
import random

import following as f
import node


args = ["--repl-diskless-sync-delay", "0", "--repl-backlog-size", "64mb"]
a = node.Node("a", args, kind="almandined")
# In one database, so that no SELECT helps who does not know which.
seed = random.randrange(1 << 30)
print("seed", seed)
writers = [f.Writer(a, seed, 3)]
f.go_on(a, 200000)
b = node.Node("b", args + ["--appendonly", "yes", "--replicaof",
                           "127.0.0.1 %d" % a.port], kind="almandined")
f.linked(b)
c = a.connect(seconds=30)
c.ok("SELECT", 3)
c.ok("SET", "on", "disk")
assert c.ok("WAITAOF", 0, 1, 20000)[1][1][1] == 1, "it is on the replica's disk"


def is_written():
    now = f.info(b, "persistence")
    return now["aof_rewrite_in_progress"] == "0" and \
        now["aof_rewrite_scheduled"] == "0"


node.until(20, is_written, "a file of what it got")
full = f.count(a, "sync_full")
for _ in range(int(node.lasting(3))):
    f.go_on(a, random.randrange(300000))
    b.kill()
    b.start()
    f.linked(b)
    c.ok("SET", "on", "disk")
    assert c.ok("WAITAOF", 0, 1, 20000)[1][1][1] == 1, "again"
f.stop(writers)
f.same(a, b)
assert f.count(a, "sync_full") == full, "no snapshot was needed"
assert os.path.isdir(os.path.join(b.dir, "appendonlydir"))
