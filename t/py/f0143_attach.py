"""a replica attaches while something goes wrong at its primary, or at itself

Each function is named after its line in the lists of known scenarios: n of
commands and of failures, r of replication, pain of what users of others suffer
from.  What another server answers with an error and a new role here mends
itself: the replica stays one, and has all the data in the end.
"""

# limit 60s

import contextlib
import os
import signal
import time

import clustering as cl
import node
import shard

nodes = cl.start(["almandined"] * 5, [
    "--workers", "1", "--appendonly", "yes", "--repl-backlog-size", "64kb",
    "--cluster-replication-reestablishment-timeout", "1"])
primary, replica, spare = nodes[0], nodes[3], nodes[4]
cl.create(nodes[:3], replicas=0)
has_faults = node.has_faults(primary.connect())
tag = "{%s}" % shard.shards(nodes)[0].tags(1)[0]


def attach(n):
    """CLUSTER REPLICATE, which may have to wait for what a role needs."""
    node.until(10, lambda: n.connect().call(
        "CLUSTER", "REPLICATE", cl.myid(primary)) == ("simple", b"OK"),
        "a replica")


def detach(n):
    """Alone, and empty, but still known."""
    n.connect().ok("CLUSTER", "RESET", "SOFT")
    n.connect().ok("CLUSTER", "MEET", primary.ip, primary.port, primary.bus)
    cl.agreed(nodes)


def whole(n, seconds=10):
    """It has what the primary has."""
    def is_whole():
        its, wanted = shard.fields(n), shard.fields(primary)
        count = shard.ask(primary, "DBSIZE")
        return its.get("master_link_status") == "up" and \
            its["slave_repl_offset"] == wanted.get("master_repl_offset") and \
            count is not None and shard.ask(n, "DBSIZE") == count

    node.until(seconds, is_whole, "all the data at " + n.name)
    assert shard.role(n) == "slave"


def fault(n, *words):
    n.connect().ok("DEBUG", "FAULT", *words)


def dies(n, point):
    node.until(10, lambda: n.log_has("fault %s: dies" % point), point)


@contextlib.contextmanager
def late_snapshot(n):
    """It attaches, and the snapshot for it is held until this ends."""
    before = primary.log_count("fault save-write: holds")
    fault(primary, "save-write", "hold", 20000, "once")
    attach(n)
    node.until(10, lambda: primary.log_count("fault save-write: holds") >
               before, "a snapshot is held")
    yield
    fault(primary, "save-write", "off")


def n1_wrong_number_of_arguments():
    """Each subcommand of CLUSTER says its own name."""
    c, count = primary.connect(), 0
    for sub in c.ok("COMMAND", "INFO", "CLUSTER")[1][0][1][9][1]:
        name, arity = sub[1][0][1].decode(), sub[1][1][1]
        if arity == -2:
            continue
        words = ["1"] * (arity - 1 if arity > 0 else -arity - 3)
        value = c.call("CLUSTER", name.split("|")[1], *words)
        assert value == ("error", (
            "ERR wrong number of arguments for '%s' command" %
            name).encode()), value
        count += 1
    assert count >= 30, count


def n2_slots_come_in_small_pieces():
    """8192 slots in one request, a kilobyte or ten at a time: one OK."""
    n = node.Node("n2", ["--cluster-enabled", "yes", "--cluster-port",
                         str(node.free_port()), "--workers", "1"])
    c, other = n.connect(), n.connect()
    for i, size in enumerate((1024, 10240)):
        data = node.encode(["CLUSTER", "ADDSLOTS"] + list(
            range(8192 * i, 8192 * i + 8192)))
        for at in range(0, len(data), size):
            c.send_raw(data[at:at + size])
            other.ok("PING")
        assert c.read(20) == ("simple", b"OK")
        assert cl.info(n, "cluster_slots_assigned") == str(8192 * i + 8192)
    n.stop()


def n10_meet_names_a_replica():
    """A new node that only meets a replica gets to know everybody."""
    replica.connect().ok("CLUSTER", "MEET", primary.ip, primary.port,
                         primary.bus)
    cl.agreed(nodes[:4])
    attach(replica)
    spare.connect().ok("CLUSTER", "MEET", replica.ip, replica.port,
                       replica.bus)
    cl.agreed(nodes)


def r1_writes_of_all_types_reach_the_replica():
    c = primary.connect()
    c.ok("SET", tag + "s", "1")
    c.ok("RPUSH", tag + "l", "a", "b")
    c.ok("HSET", tag + "h", "f", "v")
    c.ok("SADD", tag + "set", "m")
    c.ok("ZADD", tag + "z", "1", "m")
    c.ok("SET", tag + "x", "1", "PX", "600000")
    whole(replica)
    r = replica.connect()
    r.ok("READONLY")
    assert r.ok("GET", tag + "s") == ("bulk", b"1")
    assert r.ok("LRANGE", tag + "l", 0, -1)[1] == [("bulk", b"a"),
                                                   ("bulk", b"b")]
    assert r.ok("HGET", tag + "h", "f") == ("bulk", b"v")
    assert r.ok("SISMEMBER", tag + "set", "m") == ("int", 1)
    assert r.ok("ZSCORE", tag + "z", "m") == ("bulk", b"1")
    assert 0 < r.ok("PTTL", tag + "x")[1] <= 600000


def r3_r5_snapshots_on_both_sides_and_a_new_replica():
    """The replica starts again from what it has and goes on; one that comes
    after the primary's snapshot has that and what came later."""
    c = primary.connect()
    c.pipeline([("SET", tag + "r3" + str(i), i) for i in range(300)])
    for n in primary, replica:
        node.until(10, lambda n=n: n.connect().call("BGSAVE")[0] != "error",
                   "no other save runs")
        node.until(10, lambda n=n: shard.fields(n, "persistence")[
            "rdb_bgsave_in_progress"] == "0", "a snapshot")
    assert c.ok("WAITAOF", 0, 1, 5000)[1][1] == ("int", 1)
    replica.kill()
    c.pipeline([("SET", tag + "r5" + str(i), i) for i in range(100)])
    full = shard.fields(primary, "stats")["sync_full"]
    replica.start()
    whole(replica)
    assert shard.fields(primary, "stats")["sync_full"] == full
    attach(spare)
    whole(spare)
    detach(spare)


def r6_a_primary_starts_again_at_its_offset():
    before = shard.fields(primary)["master_repl_offset"]
    primary.stop()
    primary.start()
    shard.settled(nodes)
    s = shard.shards(nodes)[0]
    if s.primary is not primary:
        # It handed over when it ended.
        shard.take_over(primary)
        shard.settled(nodes)
    assert int(shard.fields(primary)["master_repl_offset"]) >= int(before)
    assert primary.connect().ok("GET", tag + "s") == ("bulk", b"1")


def n3_n5_the_snapshot_for_it_fails():
    """Its saver dies when it is on the disk; or it can not be written."""
    if not has_faults:
        return
    for point, act in ("save-renamed", "die"), ("save-write", "error"):
        failed = primary.log_count("its snapshot failed")
        fault(primary, point, act, "once")
        attach(spare)
        node.until(10, lambda: primary.log_count(
            "its snapshot failed") > failed, point)
        whole(spare)
        detach(spare)


def n6_it_attaches_under_heavy_writes():
    """More is written meanwhile than the backlog has, of values that change."""
    s = shard.shards(nodes)[0]
    c, stop = primary.connect(), time.monotonic() + 20 * node.SLOW
    if has_faults:
        fault(primary, "save-write", "hold", 300, "once")
    attach(spare)
    value, is_up = "x" * 4000, False
    while not is_up:
        # More than the backlog has each time.
        c.pipeline([("SET", "%sn6%d" % (tag, i), value) for i in range(50)])
        is_up = shard.fields(spare).get("master_link_status") == "up"
        assert is_up or time.monotonic() < stop, "never up"
    assert s.primary is primary
    whole(spare, 20)
    detach(spare)


def n7_who_feeds_it_dies():
    """The worker that is to send the snapshot, and the one that gets it."""
    if not has_faults:
        return
    with late_snapshot(spare):
        node.until(10, lambda: shard.fields(primary)["connected_slaves"] ==
                   "2", "it is there")
        primary.respawned("worker 0", primary.hit("worker 0"))
    whole(spare)
    detach(spare)
    fault(spare, "link-fetches", "die", "once")
    attach(spare)
    dies(spare, "link-fetches")
    whole(spare)
    detach(spare)


def n8_a_part_of_the_snapshot_is_late():
    """Later than the replica is patient: it asks again, and gets it."""
    if not has_faults:
        return
    spare.connect().ok("CONFIG", "SET", "repl-timeout", "1")
    primary.connect().ok("CONFIG", "SET", "stall-timeout", "60000")
    with late_snapshot(spare):
        pid = primary.hit("worker 0", signal.SIGSTOP)
        node.until(10, lambda: spare.log_has("silence for 1 s"),
                   "the end of patience")
        os.kill(pid, signal.SIGCONT)
    whole(spare, 15)
    spare.connect().ok("CONFIG", "SET", "repl-timeout", "60")
    detach(spare)


def r21_reset_while_it_attaches():
    """The attachment is stuck; RESET HARD ends it, and the lock is free."""
    if not has_faults:
        return
    was = cl.myid(spare)
    with late_snapshot(spare):
        node.until(10, lambda: shard.fields(spare)["recover_status"] ==
                   "ClusterReplicate", "an attach")
        spare.connect().ok("CLUSTER", "RESET", "HARD")
        node.until(5, lambda: shard.fields(spare)["recover_status"] ==
                   "NoRecovery", "the lock is free")
    assert shard.role(spare) == "master" and cl.myid(spare) != was
    assert spare.connect().ok("DBSIZE") == ("int", 0)
    for n in nodes[:4]:
        n.connect().ok("CLUSTER", "FORGET", was)


trio = []


def follows(n, other):
    n.connect().ok("REPLICAOF", "127.0.0.1", other.port)


def same(n, other):
    node.until(10, lambda: shard.fields(n).get("master_link_status") ==
               "up" and shard.told(n, "DEBUG", "DIGEST") ==
               shard.told(other, "DEBUG", "DIGEST"), "the same data")


def r13_r19_histories_that_part():
    """Two that were one write on apart; a third follows the other one then,
    and converges.  One that comes back with less, and means it, is followed."""
    trio.extend(node.Node("r13" + x, ["--workers", "1",
                                      "--repl-diskless-sync-delay", "0"])
                for x in "abc")
    a, b, c = trio
    a.connect().ok("SET", "both", "1")
    follows(b, a), follows(c, a)
    same(b, a), same(c, a)
    b.connect().ok("REPLICAOF", "NO", "ONE")
    a.connect().ok("SET", "mine", "a")
    b.connect().pipeline([("SET", "mine", "b"), ("SET", "more", "b")])
    follows(c, b)
    same(c, b)
    follows(a, b)
    same(a, b)
    b.args += ["--allow-empty-primary", "yes"]
    b.kill()
    b.start()
    b.connect().ok("SET", "anew", "1")
    for n in a, c:
        node.until(10, lambda n=n: shard.told(n, "GET", "anew") == "1",
                   "it follows")
        same(n, b)
        assert n.connect().ok("GET", "more") == ("nil",)


def r10_a_sibling_that_missed_some_changes_goes_on():
    """Five changes of roles, of which it heard nothing, and no snapshot."""
    a, b, c = trio
    full = [shard.fields(n, "stats")["sync_full"] for n in trio]
    c.connect().ok("REPLICAOF", "127.0.0.1", node.free_port())
    for i in range(5):
        old, new = (b, a) if i % 2 == 0 else (a, b)
        old.connect().ok("SET", "r10", i)
        same(new, old)
        new.connect().ok("REPLICAOF", "NO", "ONE")
        follows(old, new)
        same(old, new)
    new.connect().ok("SET", "r10", "last")
    follows(c, new)
    same(c, new)
    assert c.connect().ok("GET", "r10") == ("bulk", b"last")
    assert full == [shard.fields(n, "stats")["sync_full"] for n in trio]
    for n in trio:
        n.stop()


def pain_7_a_shard_recovers_when_a_majority_is_back():
    """All primaries but one die at once, so nobody can be elected; as soon as
    a majority is there again the shard whose primary stays away has a new one,
    and no operator was needed."""
    shard.settled(nodes[:4])
    dead = nodes[1], primary
    for n in dead:
        n.kill()
    node.until(10, lambda: cl.info(nodes[2], "cluster_state") == "fail",
               "it is missed")
    assert shard.role(replica) == "slave"
    nodes[1].start()
    node.until(10, lambda: shard.role(replica) == "master", "an election")
    primary.start()
    shard.settled(nodes[:4])
    assert shard.role(primary) == "slave"


for name, line in list(globals().items()):
    if name[0] in "nr" and name[1].isdigit() or name.startswith("pain_"):
        began = time.monotonic()
        print(name, flush=True)
        line()
        print("    %.1fs" % (time.monotonic() - began), flush=True)
cl.check(nodes[0])
