"""processes of all kinds, and whole nodes, die while a cluster is created, and
while nodes are met and forgotten

Whoever orders repeats an order until it is done, as an operator would.  Then all
agree, every key that was acknowledged is there, and who was forgotten is known
to nobody.
"""

# limit 90s

import random
import threading

import clustering as cl
import node

SEED = random.randrange(1 << 30)
random.seed(SEED)
print("seed %d" % SEED)
nodes = cl.start(["almandined"] * 5, [
    "--appendonly", "yes", "--appendfsync", "always"])
PROCESSES = {"supervisor", "control", "worker 0", "worker 1"}
members, spares = nodes[:4], nodes[4:]
killed = {}


def hit(n):
    """A process of it dies, or all of it does and starts again."""
    what = random.choice(["control"] * 5 + ["worker 0", "worker 1"] +
                         ["node"] * 2)
    try:
        if what == "node":
            n.kill()
            n.start(waits=False)
        else:
            n.hit(what)
        killed[what] = killed.get(what, 0) + 1
    except (node.Gone, ProcessLookupError):
        # It is just being replaced.
        pass


def is_up(n):
    try:
        return n.is_up() and n.processes().keys() >= PROCESSES
    except node.Gone:
        return False


def ask(n, *words):
    """The answer, or None: somebody died."""
    try:
        c = n.connect(seconds=10)
        got = c.call(*words)
        c.close()
        return got
    except (node.Gone, OSError, TimeoutError):
        return None


def until(what, hurt, order, is_done):
    """Orders until it is done; meanwhile one of those to be hurt is hit."""
    def is_so():
        try:
            return is_done()
        except (node.Gone, OSError, TimeoutError, AssertionError):
            return False

    def once():
        if is_so():
            return True
        order()
        return False

    for _ in range(int(node.LONG)):
        n = random.choice(hurt)
        soon = threading.Timer(random.expovariate(1 / 0.004), hit, (n,))
        soon.start()
        order()
        soon.join()
        node.until(20, lambda: is_up(n), n.name)
    node.until(30, once, what)


def known(n):
    return {words[1].split("@")[0] for key, words in cl.lines(n).items()
            if "handshake" not in words[2]}


def has_slots(n, first, last):
    return "%d-%d" % (first, last) in cl.lines(n)[cl.myid(n)][8:]


def meet(n, other):
    until("a meeting", [n, other], lambda: ask(n, "CLUSTER", "MEET", "127.0.0.1",
                                   other.port, other.bus),
          lambda: cl.address(other) in known(n) and
          cl.address(n) in known(other))


# --- create ----------------------------------------------------------------

for i, n in enumerate(members[:3]):
    first, last = 16384 * i // 3, 16384 * (i + 1) // 3 - 1
    until("an epoch", [n], lambda: ask(n, "CLUSTER", "SET-CONFIG-EPOCH", i + 1),
          lambda: cl.info(n, "cluster_my_epoch") == str(i + 1))
    until("slots", [n], lambda: ask(n, "CLUSTER", "ADDSLOTSRANGE", first, last),
          lambda: has_slots(n, first, last))
for n in members[1:]:
    meet(members[0], n)
primary = cl.lines(members[0])
primary = next(k for k, w in primary.items() if "myself" in w[2])
until("a replica", [members[0], members[3]],
      lambda: ask(members[3], "CLUSTER", "REPLICATE", primary),
      lambda: cl.lines(members[3])[cl.myid(members[3])][3] == primary)
cl.agreed(members)
cl.check(members[0])
cl.linked(members[3])
keys = cl.Keys(members)
keys.put(100)

# --- meet and forget, under load --------------------------------------------

load = cl.Load(members, ["{%d}count" % i for i in range(20)], seconds=40)
for n in spares:
    meet(members[1], n)
cl.agreed(nodes)
for n in spares:
    gone = cl.myid(n)
    for m in members:
        until("a forgotten node", [m],
              lambda: ask(m, "CLUSTER", "FORGET", gone),
              lambda: gone not in cl.lines(m))
load.stop()
print("%d writes; killed: %r" % (load.done, killed))
cl.agreed(members)
for m in members:
    assert cl.myid(spares[0]) not in cl.lines(m), m.name
    cl.check(m)
keys.verify()
