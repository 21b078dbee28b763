"""what a failover and the stream's repair must not do to each other

The four stories of the change that this project exists for, and what stands
beside them in the lists of known scenarios; each function is named after its
line there.
"""

# limit 90s

import contextlib

import clustering as cl
import node
import shard

TIMER = "cluster-replication-reestablishment-timeout"

nodes = cl.start(["almandined"] * 7, ["--workers", "1", "--" + TIMER, "1"])
cl.create(nodes, replicas=1)
shard.settled(nodes)
has_faults = node.has_faults(nodes[0].connect())


def big():
    """(primary, replica, sibling) of the shard with two replicas."""
    shard.settled(nodes)
    s = max(shard.shards(nodes), key=lambda s: len(s.nodes))
    return [s.primary] + s.replicas


def small():
    """Both other shards."""
    return sorted(shard.shards(nodes), key=lambda s: len(s.nodes))[:2]


def result(n, wanted="failover-completed", seconds=10):
    node.until(seconds, lambda: shard.fields(n).get("master_failover_state")
               == "no-failover", "the end of the failover")
    assert shard.fields(n)["last_failover_state"] == wanted, shard.fields(n)


def key_of(s, n=0):
    return "{%s}" % s.tags(n + 1)[n]


def reaches(key, value, *others):
    """Every replica has it, read by itself."""
    for n in others:
        c = n.connect()
        c.ok("READONLY")
        node.until(10, lambda c=c: c.call("GET", key) ==
                   ("bulk", value.encode()), "the write at " + n.name)
        c.close()


def links():
    return sum(int(shard.fields(n)["replication_attempts"]) for n in nodes)


def full():
    return sum(int(shard.fields(n, "stats")["sync_full"]) for n in nodes)


def n13_failover_while_the_stream_is_looked_after():
    """The timer runs every second: the failover succeeds, roles change.  That
    nobody has written anything yet makes no difference."""
    old, new, sibling = big()
    before = links(), full()
    shard.take_over(new)
    result(new)
    node.until(10, lambda: shard.role(old) == "slave", "the old one follows")
    assert shard.primary_of(sibling) in (cl.myid(new), cl.myid(old))
    shard.settled(nodes)
    assert (links(), full()) == before, "nothing was to be repaired"


def n14_r9_writes_reach_all_after_a_failover():
    new, *others = big()
    key = key_of(max(shard.shards(nodes), key=lambda s: len(s.nodes)))
    new.connect().ok("SET", key, "n14")
    reaches(key, "n14", *others)


def r17_a_stream_that_is_killed_after_a_failover_is_repaired():
    """First the primary ends it, then the worker dies that has it."""
    new, old, _ = big()
    s = max(shard.shards(nodes), key=lambda s: len(s.nodes))
    with contextlib.closing(new.connect()) as c:
        c.ok("CLIENT", "KILL", "TYPE", "replica")
        c.ok("SET", key_of(s), "r17")
    shard.settled(nodes)
    reaches(key_of(s), "r17", old)
    old.hit("worker 0")
    shard.settled(nodes)
    new.connect().ok("SET", key_of(s), "r17b")
    reaches(key_of(s), "r17b", old)


def n15_a_takeover_that_fails_leaves_the_primary_whole():
    """Control of the replica dies when it has all; the primary has given
    nothing up, and serves at once."""
    if not has_faults:
        return
    old, new, _ = big()
    s = max(shard.shards(nodes), key=lambda s: len(s.nodes))
    old.connect().ok("SET", key_of(s), "n15")
    before = cl.lines(old)[cl.myid(old)][8:]
    new.connect().ok("DEBUG", "FAULT", "failover-level", "die", "once")
    assert shard.refusal(new) is None
    writer = old.connect()
    writer.ok("SET", key_of(s, 1), "n15b")
    assert writer.ok("GET", key_of(s))[1] == b"n15"
    result(new, "failover-aborted")
    assert shard.role(old) == "master" and shard.role(new) == "slave"
    assert cl.lines(old)[cl.myid(old)][8:] == before


def n4_takeover_while_an_attach_runs():
    """It is refused with the reason; afterwards it works."""
    if not has_faults:
        return
    old, _, sibling = big()
    s = small()[0]
    at = s.primary.connect()
    at.pipeline([("SET", key_of(s) + str(i), i) for i in range(300)])
    with node.holds(s.primary, "save-write") as is_held:
        sibling.connect().ok("CLUSTER", "REPLICATE", cl.myid(s.primary))
        node.until(10, is_held, "a snapshot for it")
        node.until(10, lambda: shard.fields(sibling).get("recover_status") ==
                   "ClusterReplicate", "an attach")
        why = shard.refusal(sibling, "TAKEOVER")
        assert "full synchronisation is unfinished" in why or \
            "held for ClusterReplicate" in why, why
        assert shard.role(sibling) == "slave"
    linked(sibling, s.primary)
    shard.take_over(sibling, "TAKEOVER")
    result(sibling)
    assert shard.role(sibling) == "master"
    assert sibling.connect().ok("DBSIZE")[1] >= 300
    shard.settled(nodes)
    shard.take_over(s.primary, "TAKEOVER")
    shard.settled(nodes)
    sibling.connect().ok("CLUSTER", "REPLICATE", cl.myid(old))
    linked(sibling, old)


def linked(n, primary):
    """It has that primary's stream, and nobody holds the lock."""
    def is_linked():
        f = shard.fields(n)
        return f["role"] == "slave" and \
            f["master_port"] == str(primary.port) and \
            f["master_link_status"] == "up" and \
            f["recover_status"] == "NoRecovery"

    node.until(30, is_linked, "the link of " + n.name)
    shard.settled(nodes)


def n9_two_shards_at_one_time():
    """Both happen; no replica ever shows slots in what anybody says."""
    pair = small()
    for s in pair:
        assert shard.refusal(s.replicas[0]) is None
    for _ in range(20):
        for n in nodes:
            for words in cl.lines(n).values():
                assert "slave" not in words[2] or not words[8:], words
    for s in pair:
        assert shard.became(s.replicas[0]) is not None
        result(s.replicas[0])


def n11_n12_r8_an_unknown_primary():
    n = big()[1]
    value = n.connect().call("CLUSTER", "REPLICATE", "f" * 40)
    assert value == ("error", b"ERR Unknown node " + b"f" * 40), value
    value = n.connect().call("REPLICAOF", "127.0.0.1", 1)
    assert value == ("error",
                     b"ERR REPLICAOF not allowed in cluster mode."), value


def r7_a_write_at_a_replica_is_sent_on():
    primary, replica, _ = big()
    s = max(shard.shards(nodes), key=lambda s: len(s.nodes))
    key = key_of(s)
    value = replica.connect().call("SET", key, 1)
    assert value == ("error", ("MOVED %d %s" % (
        shard.slot_of(key[1:-1]), cl.address(primary))).encode()), value


def r10_a_sibling_follows_who_took_over():
    """The primary is killed, one of two replicas takes over: the other goes
    on from it, by a partial synchronisation, with all keys."""
    old, new, sibling = big()
    s = max(shard.shards(nodes), key=lambda s: len(s.nodes))
    keys = ["%sk%d" % (key_of(s), i) for i in range(200)]
    old.connect().pipeline([("SET", k, k) for k in keys])
    reaches(keys[-1], keys[-1], new, sibling)
    full = {n: shard.fields(n, "stats")["sync_full"] for n in (new, sibling)}
    old.kill()
    shard.refusal(new, "TAKEOVER")
    node.until(10, lambda: "master" in (shard.role(new), shard.role(sibling)),
               "somebody takes over")
    won, left = (new, sibling) if shard.role(new) == "master" else (
        sibling, new)
    node.until(10, lambda: shard.primary_of(left) == cl.myid(won),
               "the sibling follows")
    won.connect().ok("SET", keys[0], "after")
    reaches(keys[0], "after", left)
    c = left.connect()
    c.ok("READONLY")
    assert [v[1] for v in c.pipeline([("GET", k) for k in keys[1:]])] == [
        k.encode() for k in keys[1:]]
    assert shard.fields(left, "stats")["sync_full"] == full[left]
    old.start()
    shard.settled(nodes)


for name, line in list(globals().items()):
    if name[0] in "nr" and name[1].isdigit():
        print(name, flush=True)
        line()
shard.settled(nodes)
cl.check(nodes[0])
