"""what users of others suffer from, and what happens here instead

Each function is named after the pain's number in the list of pains.
"""

# limit 90s

import contextlib
import os
import re
import signal
import time

import clustering as cl
import killing
import node
import shard

nodes = cl.start(["almandined"] * 6, [
    "--workers", "2", "--save", "", "--cluster-allow-replica-migration", "no"])
cl.create(nodes, replicas=1)
shard.settled(nodes)
has_faults = node.has_faults(nodes[0].connect())


def pair(i=0):
    """(primary, replica, shard) when all is quiet."""
    shard.settled(nodes)
    s = shard.shards(nodes)[i]
    return s.primary, s.replicas[0], s


def key_of(s, n=0):
    return "{%s}" % s.tags(n + 1)[n]


def pain_1_writers_go_on_with_every_end_of_a_failover():
    """Won, called off, too late, control dead: nobody waits for a deadline of
    five seconds."""
    primary, replica, s = pair()
    at = primary.connect(seconds=4)
    shard.take_over(replica)
    value = at.call("SET", key_of(s), 1)
    assert value[1].startswith(b"MOVED"), value
    if not has_faults:
        return
    primary, replica, s = pair()
    for how in ("abort", "late", "dead"):
        at = primary.connect(seconds=4)
        with contextlib.ExitStack() as stack:
            if how == "dead":
                replica.connect().ok("DEBUG", "FAULT", "failover-await",
                                     "die", "once")
            else:
                is_held = stack.enter_context(
                    node.holds(replica, "failover-await"))
            replica.connect().ok("CLUSTER", "FAILOVER", "TIMEOUT",
                                 int(500 * node.SLOW) if how == "late"
                                 else 4500)
            if how != "dead":
                node.until(5, is_held, "the pause")
            if how == "abort":
                primary.connect().ok("FAILOVER", "ABORT")
            at.ok("SET", key_of(s), how)
        shard.settled(nodes)
        node.until(5, lambda: all(shard.fields(n).get("master_failover_state")
                                  == "no-failover" for n in nodes), "the end")
        if shard.role(primary) != "master":
            primary, replica, s = pair()


def pain_2_an_idle_shard_fails_over():
    """Nothing was ever written: offset 0 is as good as any."""
    _, replica, _ = pair(2)
    shard.take_over(replica)


def pain_2_who_is_far_behind_is_refused():
    """At once, with the reason, and nobody waits: the worker that has the
    stream stands still, and more is written than can be replayed in time."""
    primary, replica, s = pair(2)
    option = "cluster-manual-failover-timeout"
    names = "worker 0", "worker 1"
    ask = [killing.connect_to(replica, name) for name in names]

    def is_level(c):
        end = shard.fields(primary)["master_repl_offset"]
        return b"slave_repl_offset:%s\r" % end.encode() in c.ok(
            "INFO", "replication")[1]

    def stops(i):
        """It stands still, if it is the one that has the stream."""
        node.until(10, lambda: is_level(ask[0]), "all that there is")
        pid = replica.halt(names[i])
        primary.connect().pipeline([("SET", key_of(s), "x" * (1 << 16))] * 64)
        with contextlib.suppress(AssertionError):
            node.until(1, lambda: is_level(ask[1 - i]))
            os.kill(pid, signal.SIGCONT)
            return None
        return pid, ask[1 - i]

    # An order's own time counts, and none is longer than the pause.
    for paused_ms, orders in ((10, ((), ("TIMEOUT", 60000))),
                              (5000, (("TIMEOUT", 10),))):
        ask[0].ok("CONFIG", "SET", option, paused_ms)
        primary.connect().ok("SET", key_of(s), "first")
        pid, at = stops(0) or stops(1)
        for how in orders:
            # As soon as the primary has told how much it has.
            node.until(4, lambda: b"too far behind" in at.call(
                "CLUSTER", "FAILOVER", *how)[1], "a refusal")
        os.kill(pid, signal.SIGCONT)


def pain_3_again_at_once_with_a_time_of_its_own():
    """TIMEOUT is an argument; the next request is not held up by the last."""
    if not has_faults:
        return
    primary, replica, _ = pair(1)
    before = [shard.last_failover(n) for n in (primary, replica)]
    with node.holds(replica, "failover-await"):
        replica.connect().ok("CLUSTER", "FAILOVER", "TIMEOUT", 500)
        shard.ended(primary, before[0], "failover-aborted")
    shard.ended(replica, before[1], "failover-aborted")
    assert shard.fields(replica)["last_failover_reason"]
    start = time.monotonic()
    shard.take_over(replica)
    assert time.monotonic() - start < 3 * node.SLOW


def pain_4_who_has_half_the_data_does_not_stand():
    """A replica in its first synchronisation is refused with the reason, by
    force as well; and nothing is lost."""
    if not has_faults:
        return
    primary, replica, s = pair()
    with contextlib.closing(primary.connect()) as at:
        at.pipeline([("SET", key_of(s) + str(i), i) for i in range(300)])
        count = at.ok("DBSIZE")[1]
    replica.kill()
    with node.holds(primary, "save-write"):
        replica.start(waits=False)
        node.until(10, lambda: shard.fields(replica).get(
            "master_sync_in_progress") == "1", "a full synchronisation")
        for how in ((), ("FORCE",), ("TAKEOVER",)):
            why = shard.refusal(replica, *how)
            assert re.fullmatch("ERR Recovery in progress, could not acquire "
                                "recoverLock \\(held for (InitializeRecover|"
                                "ClusterReplicate)\\)", why), (how, why)
    shard.settled(nodes)
    assert shard.role(primary) == "master"
    assert primary.connect().ok("DBSIZE")[1] == count
    node.until(10, lambda: shard.ask(replica, "DBSIZE") == ("int", count),
               "all keys at the replica")


def has_noted(n):
    """Whether a node will know that it had data of this history."""
    try:
        with open(os.path.join(n.dir, "almandine.held")) as note:
            return shard.fields(n)["master_replid"] in note.read()
    except FileNotFoundError:
        return False


def pain_5_a_primary_that_returns_empty_wipes_nobody():
    """No file, the same id, back before it is missed: its replica keeps what
    it has, and takes over; the other one serves nothing before."""
    primary, replica, s = pair()
    primary.connect().ok("SET", key_of(s), "kept")
    node.until(10, lambda: shard.fields(replica)["slave_repl_offset"] ==
               shard.fields(primary)["master_repl_offset"], "offsets meet")
    # The first key came when the replica was there already.
    node.until(5, lambda: has_noted(primary), "the note that there was data")
    primary.kill()
    primary.start()
    at = primary.connect()

    def is_replaced():
        got = at.call("GET", key_of(s))
        assert got[1] is not None, "it serves an empty data set"
        return shard.role(replica) == "master"

    node.until(10, is_replaced, "the replica takes over")
    shard.settled(nodes)
    c = replica.connect()
    assert c.ok("GET", key_of(s))[1] == b"kept"
    assert shard.role(primary) == "slave"


def pain_8_who_may_not_stand_says_why():
    """The reason stands in CLUSTER INFO, and an operator may all the same."""
    primary, replica, _ = pair()
    replica.connect().ok("CONFIG", "SET", "cluster-replica-no-failover", "yes")
    primary.kill()
    node.until(10, lambda: any(
        "fail" in words[2].split(",") for words in cl.lines(replica).values()),
        "it is missed")
    node.until(5, lambda: shard.fields(replica, "cluster")[
        "cluster_failover_hindrance"] == "no-failover", "the reason")
    assert shard.role(replica) == "slave"
    shard.take_over(replica, "FORCE")
    replica.connect().ok("CONFIG", "SET", "cluster-replica-no-failover", "no")
    primary.start()


def pain_8_whose_data_are_too_old_says_so():
    """By cluster-replica-validity-factor; without that it stands."""
    primary, replica, _ = pair()
    ask = replica.connect()
    for option, value in (("cluster-replica-no-failover", "yes"),
                          ("repl-ping-replica-period", 1),
                          ("cluster-node-timeout", 1000),
                          ("cluster-replica-validity-factor", 1)):
        ask.ok("CONFIG", "SET", option, value)

    def hindrance(word):
        return lambda: cl.info(replica, "cluster_failover_hindrance") == word

    primary.kill()
    gone = time.monotonic()
    node.until(10, hindrance("no-failover"), "it is missed")
    # The timeout, the period, and the timeout as often as the factor says.
    node.until(10, lambda: time.monotonic() > gone + 3.5, "the limit")
    ask.ok("CONFIG", "SET", "cluster-replica-no-failover", "no")
    node.until(5, hindrance("data-too-old"), "the reason")
    assert shard.role(replica) == "slave"
    ask.ok("CONFIG", "SET", "cluster-replica-validity-factor", "10")
    node.until(10, lambda: shard.role(replica) == "master", "an election")
    ask.ok("CONFIG", "SET", "repl-ping-replica-period", "10",
           "cluster-node-timeout", cl.TIMEOUT_MS)
    primary.start()


def pain_9_many_replicas_one_snapshot():
    """Two that need everything at one time are served by one snapshot."""
    primary, replica, s = pair(0)
    other = pair(1)[1]
    back = cl.myid(pair(1)[0])
    saves = primary.log_count("snapshot for ")
    # Until the second one is there, however long its start takes.
    primary.connect().ok("CONFIG", "SET", "repl-diskless-sync-delay", "60",
                         "repl-diskless-sync-max-replicas", "2")
    replica.kill()
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(replica.dir, "dump.rdb"))
    replica.start(waits=False)
    other.connect().ok("CLUSTER", "REPLICATE", cl.myid(primary))
    shard.settled(nodes)
    assert primary.log_count("snapshot for ") == saves + 1
    other.connect().ok("CLUSTER", "REPLICATE", back)
    shard.settled(nodes)
    primary.connect().ok("CONFIG", "SET", "repl-diskless-sync-delay", "0",
                         "repl-diskless-sync-max-replicas", "0")


def pain_11_a_busy_primary_is_not_a_dead_one():
    """Its workers sleep for more than a node timeout; nobody is elected."""
    primary, replica, _ = pair(2)
    epoch = cl.info(primary, "cluster_current_epoch")
    for n in nodes:
        n.connect().ok("CONFIG", "SET", "cluster-node-timeout",
                       int(1000 * node.SLOW))
    busy = [primary.connect(seconds=20) for _ in range(4)]
    for c in busy:
        c.send("DEBUG", "SLEEP", 1.3 * node.SLOW)
    for c in busy:
        c.read(20 * node.SLOW)
        c.close()
    for n in nodes:
        n.connect().ok("CONFIG", "SET", "cluster-node-timeout",
                       str(cl.TIMEOUT_MS))
    shard.settled(nodes)
    assert shard.role(primary) == "master" and shard.role(replica) == "slave"
    assert cl.info(primary, "cluster_current_epoch") == epoch


def pain_13_a_torn_nodes_conf_does_not_stop_a_node():
    """Half of it is lost while the node is down: it starts from the one
    before, and is what it was."""
    primary, replica, s = pair()
    name = cl.myid(replica)
    replica.kill()
    path = os.path.join(replica.dir, "nodes.conf")
    with open(path, "r+b") as f:
        f.truncate(os.path.getsize(path) // 2)
    replica.start()
    assert cl.myid(replica) == name
    shard.settled(nodes)
    assert shard.role(replica) == "slave"
    assert shard.primary_of(replica) == cl.myid(primary)
    # Nor do the loss of all of it and of the one before.
    replica.kill()
    for file in (path, path + ".old"):
        os.unlink(file)
    replica.start()
    assert cl.myid(replica) == name
    shard.settled(nodes)
    assert shard.primary_of(replica) == cl.myid(primary)


for name, line in list(globals().items()):
    if name.startswith("pain_"):
        began = time.monotonic()
        print(name, flush=True)
        line()
        print("    %.1fs" % (time.monotonic() - began), flush=True)
shard.settled(nodes)
cl.check(nodes[0])
