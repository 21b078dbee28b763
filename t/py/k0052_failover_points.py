"""control dies at every point of a failover, on either side: one primary

At each point that shm/fault.def names for the failover machine the control of
the taker or of the giver is killed, or what it would send is lost.  The
failover completes or is given up, by itself; afterwards one node of the shard
is the primary, the other follows it, writes go on, and nothing that was
acknowledged is missing.  In a short run a sample of the points.
"""

# limit 900s

import os
import re
import time

import clustering as cl
import node
import shard

HERE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
SETTLED = 10                       # seconds, whatever happened
TRIES = 3                          # to come to a point

with open(os.path.join(HERE, "shm", "fault.def")) as f:
    text = f.read()
states = re.findall(r'^FAILOVER_POINTS\(\w+, "([^"]+)"', text, re.M)
singles = re.findall(r'^FAULT_POINT\(FAILOVER_\w+, "([^"]+)"', text, re.M)
assert len(states) > 15 and len(singles) > 5

GIVER = ("offering", "stopping", "stopped", "yielding", "given", "standing",
         "returning")
HOW = {"fencing": "FORCE", "catching": "FORCE", "electing": "FORCE",
       "offering": "OFFER", "undoing": "SLOW", "pausing": "VOTERS",
       "standing": "DEAD", "returning": "DEAD"}


def cases():
    """(side, how, point, act); how: planned, forced, at the primary's order,
    or planned while the primary does not answer in time, while the other
    primaries are slow to promise, or when the whole replica dies as soon as it
    has its primary's word."""
    for state in states:
        # With three primaries they have promised before it stops one.
        if state == "preparing":
            continue
        sides = ("giver",) if state in GIVER else ("taker",) \
            if state != "idle" else ("giver", "taker")
        how = HOW.get(state, "planned")
        for side in sides:
            for place in ("decided", "kept", "done"):
                yield side, how, "failover-%s-%s" % (state, place), "die"
            yield side, how, "failover-%s-kept" % state, "error"
    for side in ("giver", "taker"):
        for point in singles + ["nodes-write", "nodes-written"]:
            yield side, "planned", point, "die"
        yield side, "planned", "nodes-write", "error"
        # Workers: one that is slow to see, one that dies then.
        yield side, "planned", "acknowledges", "hold 300"
        yield side, "planned", "acknowledges", "die"


SAMPLE = [
    ("giver", "planned", "failover-stopping-kept", "die"),
    ("giver", "planned", "failover-stopped-kept", "error"),
    ("giver", "planned", "failover-yielding-done", "die"),
    ("giver", "planned", "failover-given-kept", "die"),
    ("giver", "planned", "failover-given-kept", "error"),
    ("taker", "planned", "failover-syncing-done", "die"),
    ("taker", "planned", "failover-claiming-kept", "die"),
    ("taker", "planned", "failover-taking-done", "die"),
    ("taker", "planned", "failover-turning-decided", "die"),
    ("taker", "planned", "acknowledges", "die"),
    ("giver", "DEAD", "failover-standing-kept", "die"),
    ("giver", "DEAD", "failover-returning-kept", "die"),
    ("taker", "VOTERS", "failover-pausing-done", "die"),
]

nodes = cl.start(["almandined"] * 4, [
    "--workers", "2", "--cluster-replica-validity-factor", "0",
    "--cluster-manual-failover-timeout", "1000", "--respawn-limit", "0"])
if not node.has_faults(nodes[0].connect()):
    node.skip("this build has no fault points")
cl.create(nodes[:3], replicas=0)
c = nodes[3].connect()
c.ok("CLUSTER", "MEET", "127.0.0.1", nodes[0].port, nodes[0].bus)
node.until(10, lambda: c.call("CLUSTER", "REPLICATE", cl.myid(nodes[0])) ==
           ("simple", b"OK"), "a replica")
shard.settled(nodes)
load = shard.Load(nodes, writers=1, probe_us=5000)
load.go()
pair = nodes[0], nodes[3]
met, errors = set(), ()


def is_over():
    """Nobody is in a failover, and there is one primary of the two."""
    info = [shard.fields(n) for n in pair]
    return all(i.get("master_failover_state") == "no-failover"
               for i in info) and {i.get("role") for i in info} == {
                   "master", "slave"}


def dies_with_the_word(primary, replica):
    """The order, and then the whole replica is killed before it has written
    that it took over; when the primary has its role back it starts again."""
    mark = "fault failover-taking-decided: holds"
    seen = replica.log_count(mark)
    replica.connect().ok("DEBUG", "FAULT", "failover-taking-decided", "hold",
                         "5000", "once")
    why = shard.refusal(replica)

    def has_word():
        """Ordered anew when its time was over: where the disk stands still
        for seconds, nobody stops in time."""
        if replica.log_count(mark) == seen and shard.fields(replica).get(
                "master_failover_state") == "no-failover":
            shard.refusal(replica)
        return replica.log_count(mark) > seen
    node.until(5, has_word, "the word")
    replica.kill()
    node.until(SETTLED, lambda: shard.fields(primary).get(
        "master_failover_state") == "no-failover", "the end at the primary")
    replica.start()
    return why


def is_late(primary, replica):
    """The order's time is over while the primary's control is held."""
    with node.holds(primary, "failover-held"):
        why = shard.refusal(replica, "TIMEOUT", "100")
        node.until(SETTLED, lambda: shard.fields(replica).get(
            "master_failover_state") == "no-failover", "the end at the replica")
    return why


def run(side, how, point, act):
    primary, replica = sorted(pair, key=shard.role)
    n = primary if side == "giver" else replica
    before = n.processes()
    n.connect().ok("DEBUG", "FAULT", point, *act.split(), "once")
    if how == "VOTERS":
        for voter in nodes[1:3]:
            voter.connect().ok("DEBUG", "FAULT", "nodes-write", "hold", "300",
                               "once")
    begin = time.monotonic()
    if how == "OFFER":
        answer = shard.told(primary, "FAILOVER")
    elif how == "SLOW":
        answer = is_late(primary, replica)
    elif how == "DEAD":
        answer = dies_with_the_word(primary, replica)
    else:
        answer = shard.refusal(replica, *(["FORCE"] * (how == "FORCE")))
    node.until(SETTLED, is_over, "the end of the failover")
    shard.settled(nodes, SETTLED)
    load.served(SETTLED)
    took = time.monotonic() - begin
    node.until(5, lambda: shard.ask(n, "DEBUG", "FAULT", point, "off") ==
               ("simple", b"OK"), "its control")
    is_met = n.processes() != before
    if is_met:
        met.add(point)
    print("%-6s %-9s %-28s %-8s %5.2f s %s%s" % (
        side, how, point, act, took,
        "done" if shard.role(replica) == "master" else "given up",
        ", killed" if is_met else ""), answer or "", flush=True)
    return is_met


def come_to(side, how, point, act):
    """Runs it, and again when nothing was tried: the order's time was over
    before the point, since control had no processor for so long."""
    for _ in range(TRIES):
        if run(side, how, point, act) or act != "die":
            break


todo = sorted(cases() if node.LONG > 1 else SAMPLE,
              key=lambda c: c[1] == "DEAD")
for case in todo:
    if case[1] == "DEAD" and errors == ():
        # Who has given its word waits for leases to end, and then for votes.
        load.end()
        errors = ("CLUSTERDOWN",)
        load = shard.Load(nodes, writers=1, probe_us=5000, salt="dead")
        load.go()
    try:
        come_to(*case)
    except AssertionError as e:
        raise AssertionError("%s: %s" % (" ".join(map(str, case)), e))
load.end(errors)
unmet = {c[2] for c in todo if c[3] == "die"} - met
assert not unmet, unmet
print("%d points, %d met" % (len({c[2] for c in todo}), len(met)))
