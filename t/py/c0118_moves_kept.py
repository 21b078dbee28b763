"""a slot on its way by SETSLOT is known to the replicas of both sides: when both
have been replaced, who took over goes on with it; a redis-server replica is not
told, and one that does not answer is waited for as long as SETSLOT says
"""

# limit 90s

import os
import signal

import clustering as cl
import node
import shard

nodes = cl.start(["almandined"] * 5 + ["redis"])
a, b, d, heir_a, heir_b, other = nodes
cl.create(nodes[:3], replicas=0)
for heir, of in ((heir_a, a), (heir_b, b), (other, d)):
    cl.cluster("add-node", cl.address(heir), cl.address(d), "--cluster-slave",
               "--cluster-master-id", cl.myid(of))
    cl.agreed(nodes[:nodes.index(heir) + 1])
    cl.linked(heir)
keys = cl.Keys(nodes)
keys.put(150)
id_of = {n: cl.myid(n) for n in nodes}


def moves(n):
    return [w for w in cl.lines(n)[id_of[n]][8:] if w.startswith("[")]


def owners(n):
    return {i: shard.ranges(words[8:]) for i, words in cl.lines(n).items()}


def marked(n, *words):
    """What a node says of slots on their way, or will in a moment."""
    want = ["[%d-%s-%s]" % (slot, sign, id_of[of]) for slot, sign, of in words]
    try:
        node.until(2, lambda: moves(n) == want, "what is known")
    except AssertionError:
        print(n.name, moves(n), want)
        raise


def set_slot(n, *words):
    n.connect().ok("CLUSTER", "SETSLOT", *words)


def slot_with(n, count):
    """A slot of a node with so many keys."""
    slots = sorted(shard.ranges(cl.lines(n)[id_of[n]][8:]))
    counts = n.connect().pipeline([("CLUSTER", "COUNTKEYSINSLOT", s)
                                   for s in slots])
    return slots[counts.index(("int", count))]


def move_keys(source, target, slot, count):
    c = source.connect()
    for _ in range(count):
        key = c.ok("CLUSTER", "GETKEYSINSLOT", slot, 1)[1][0][1]
        assert c.ok("MIGRATE", target.ip, target.port, key, 0,
                    5000)[1] == b"OK"
    return key


def replaced(old, new):
    """The node dies, and its replica takes over."""
    old.kill()
    node.until(20, lambda: cl.role(new) == "master", "a replacement")
    rest = [n for n in nodes if n.child.poll() is None]
    node.until(10, lambda: all(cl.info(n, "cluster_state") == "ok" and
                               cl.info(n, "cluster_slots_ok") == "16384"
                               for n in rest), "all is well without it")


# --- both sides die --------------------------------------------------------

slot = slot_with(a, 3)
set_slot(b, slot, "IMPORTING", id_of[a])
marked(heir_b, (slot, "<", a))
set_slot(a, slot, "MIGRATING", id_of[b])
marked(heir_a, (slot, ">", b))
key = move_keys(a, b, slot, 1)
replaced(a, heir_a)
marked(heir_a, (slot, ">", b))
marked(b, (slot, "<", heir_a))
marked(heir_b, (slot, "<", heir_a))
replaced(b, heir_b)
marked(heir_b, (slot, "<", heir_a))
marked(heir_a, (slot, ">", heir_b))
# Clients are sent on, and served there.
got = heir_a.connect().call("GET", key)
assert got == ("error", b"ASK %d %s" % (slot, cl.address(heir_b).encode())), \
    got
c = heir_b.connect()
c.ok("ASKING")
assert c.ok("GET", key)[1] is not None
done = cl.run_cli("--cluster", "check", cl.address(d))
assert "in migrating state %d." % slot in done.stdout and \
    "in importing state %d." % slot in done.stdout, done.stdout
for old in (a, b):
    old.start()
    node.until(20, lambda: cl.role(old) == "slave", "it comes back")
    cl.linked(old)
# Those are replicas now, and know it as well.
marked(a, (slot, ">", heir_b))
marked(b, (slot, "<", heir_a))
# A new process of control goes on.
for n in (heir_a, b):
    n.respawned("control", n.hit("control"))
marked(heir_a, (slot, ">", heir_b))
marked(b, (slot, "<", heir_a))
# What is left of the move.
move_keys(heir_a, heir_b, slot, 2)
for n in (heir_b, heir_a, d):
    set_slot(n, slot, "NODE", id_of[heir_b])
for n in nodes[:5]:
    marked(n)
cl.agreed(nodes)
cl.check(d)
keys.verify()

# --- one gives its role away, and redis-cli ends the move ------------------

slot = slot_with(heir_a, 3)
set_slot(d, slot, "IMPORTING", id_of[heir_a])
set_slot(heir_a, slot, "MIGRATING", id_of[d])
move_keys(heir_a, d, slot, 1)
a.connect().ok("CLUSTER", "FAILOVER")
node.until(10, lambda: cl.role(a) == "master", "its role")
node.until(10, lambda: all(owners(n) == owners(d) for n in nodes),
           "the same view everywhere")
marked(a, (slot, ">", d))
marked(heir_a, (slot, ">", d))
marked(d, (slot, "<", a))
cl.cluster("fix", cl.address(d))
for n in nodes[:5]:
    marked(n)
cl.agreed(nodes)
cl.check(d)
keys.verify()

# --- replicas that do not answer -------------------------------------------

# Of another kind: nobody waits for it, its stream has nothing of it.
slot = slot_with(d, 3)
set_slot(d, slot, "MIGRATING", id_of[a])
set_slot(d, slot, "STABLE")
cl.linked(other)
assert not other.log_has("unknown|CRITICAL"), other.log_tail()
slot = slot_with(heir_b, 3)
pid = b.halt("control")
assert pid is not None
got = heir_b.connect().call("CLUSTER", "SETSLOT", slot, "MIGRATING", id_of[a],
                            "TIMEOUT", 100)
os.kill(pid, signal.SIGCONT)
assert got == ("error", b"NOREPLICAS Not enough good replicas to write."), got
marked(heir_b, (slot, ">", a))
marked(b, (slot, ">", a))
set_slot(heir_b, slot, "STABLE")
marked(b)
cl.agreed(nodes)
cl.check(d)
