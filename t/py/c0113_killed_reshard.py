"""processes of all kinds, and whole nodes, die while redis-cli reshards under
load

Whoever ordered it repairs what was left open with redis-cli --cluster fix.
Then all agree, the check is clean, and every write that was acknowledged is
there.
"""

# limit 120s

import random
import threading

import clustering as cl
import node
import shard

SLOTS = 60    # of a reshard
SEED = random.randrange(1 << 30)
random.seed(SEED)
print("seed %d" % SEED)
nodes = cl.start(["almandined"] * 3, [
    "--appendonly", "yes", "--appendfsync", "always"])
cl.create(nodes, replicas=0)
cl.agreed(nodes)
by_id = {cl.myid(n): n for n in nodes}
keys = cl.Keys(nodes)
client = cl.Client(nodes)
# In the slots that redis-cli takes first.
tags = [t for t in ("t%d" % i for i in range(12000))
        if shard.slot_of(t) % 5461 < SLOTS]
for i, tag in enumerate(tags):
    for key in ("{%s}%d" % (tag, k) for k in range(3)):
        client.ok("SET", key, i)
        keys.value[key] = i
killed, ways = {}, {}
VICTIMS = ["control", "worker", "node"]


def hit(n, what):
    """A process of it dies, or all of it does and starts again."""
    try:
        if what == "node":
            n.kill()
            n.start(waits=False)
        else:
            n.hit(what + random.choice((" 0", " 1")) if what == "worker"
                  else what)
        killed[what] = killed.get(what, 0) + 1
    except (node.Gone, ProcessLookupError):
        # It is just being replaced.
        pass


def is_up(n):
    try:
        return n.is_up() and len(n.processes()) >= 4
    except node.Gone:
        return False


def names(n, slot):
    return {k[1] for k in n.connect().ok("CLUSTER", "GETKEYSINSLOT", slot,
                                         1000)[1]}


def drop_copies():
    """A giver that died before it removed what the taker has serves it, so its
    value is the one that counts; redis-cli would stop at two of them."""
    for n in nodes:
        c = n.connect()
        for word in cl.lines(n)[cl.myid(n)][8:]:
            if "-<-" in word:
                slot, giver = word.strip("[]").split("-<-")
                for key in names(n, slot) & names(by_id[giver], slot):
                    c.ok("ASKING")
                    c.ok("DEL", key)


def is_mended():
    """A repair, unless there is nothing to do."""
    done = cl.run_cli("--cluster", "check", cl.address(nodes[0]))
    if done.returncode == 0 and "[ERR]" not in done.stdout and \
            "[WARNING]" not in done.stdout:
        return True
    drop_copies()
    cl.run_cli("--cluster", "fix", cl.address(nodes[0]), "--cluster-yes",
               "--cluster-timeout", 3000)
    return False


load = cl.Load(nodes, ["{%s}n" % t for t in tags], seconds=60)
for turn in range(6 * int(node.LONG)):
    source, target = random.sample(nodes, 2)
    what = VICTIMS[turn % 3]
    soon = threading.Timer(random.uniform(0.02, 0.6), hit,
                           (random.choice((source, target)), what))
    soon.start()
    done = cl.run_cli("--cluster", "reshard", cl.address(nodes[2]),
                      "--cluster-from", cl.myid(source), "--cluster-to",
                      cl.myid(target), "--cluster-slots", SLOTS,
                      "--cluster-timeout", 3000, "--cluster-yes")
    soon.join()
    how = (what, "done" if done.returncode == 0 else "broken off")
    ways[how] = ways.get(how, 0) + 1
    for n in nodes:
        node.until(20, lambda: is_up(n), n.name)
    node.until(60, is_mended, "what was left open is mended")
    cl.agreed(nodes)
    keys.verify()
    assert load.why is None, load.why
load.stop()
print("%d writes; killed: %r; %r" % (load.done, killed, ways))
assert len(killed) == 3, killed
keys.verify()
for n in nodes:
    cl.check(n)
