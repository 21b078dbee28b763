"""processes of a primary die while it feeds replicas: they end with its data

Two redis-servers follow a node under random writes in several databases.
Workers, control and the saver are killed at random times, while replicas
synchronise anew (their primary's id is not theirs any more) and while they are
fed; then data and offsets are the same.  Saves go on beside it.
"""

# limit 120s

import os
import random
import signal
import time

import following
import killing
import node

seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
print("seed", seed)
rand = random.Random(seed)
ours = node.Node("a", ["--workers", "2", "--repl-diskless-sync-delay", "0",
                       "--respawn-limit", "0", "--repl-backlog-size", "64mb"],
                 kind="almandined")
rs = [node.Node("r%d" % i, ["--replicaof", "127.0.0.1 %d" % ours.port,
                            "--repl-timeout", "10"], kind="redis")
      for i in range(2)]


def ask(*words):
    """Asks until somebody answers."""
    def once():
        try:
            c = ours.connect()
            value = c.call(*words)
            c.close()
            return value
        except (node.Gone, TimeoutError):
            return None
    return node.until(10, once, words[0])


for r in rs:
    following.linked(r)
writers = [following.Writer(ours, seed + i, i) for i in range(3)]
kills = {}
end = time.monotonic() + node.lasting(6)
while time.monotonic() < end:
    what = rand.randrange(4)
    if what == 0:
        # From nothing: a redis-server that forgets whom it followed.
        c = rand.choice(rs).connect()
        c.ok("REPLICAOF", "NO", "ONE")
        c.ok("REPLICAOF", "127.0.0.1", ours.port)
        c.close()
    elif what == 1:
        ask("CONFIG", "SET", "repl-diskless-sync", rand.choice(("yes", "no")))
        ask("BGSAVE", "SCHEDULE")
    name = rand.choice(("worker 0", "worker 1", "control", "saver", "saver"))
    try:
        node.until(1, lambda: name in ours.processes(), name)
        for _ in range(rand.randrange(8)):
            ours.processes()
        ours.hit(name, signal.SIGKILL)
        kills[name] = kills.get(name, 0) + 1
    except (AssertionError, node.Gone, ProcessLookupError):
        pass
for w in writers:
    w.is_over.set()
    w.join(20)
ask("CONFIG", "SET", "repl-diskless-sync", "no")
for r in rs:
    following.linked(r, 40)
node.until(20, lambda: "saver" not in ours.processes(), "the last saver's end")
following.same(ours, *rs)
killing.sound(ask)
node.until(10, lambda: not [n for n in os.listdir(ours.dir)
                            if n.startswith("temp")], "nothing left")
print(kills, "%d full synchronisations" % following.count(ours, "sync_full"))
