"""what nobody tested before: a failover that is cut short, called off, forced

Each function is named after its line in that list.  Line 1, writers all the
time, is f0001_planned; 3, 9 and 10 are in f0142_beside; 11, the stream is looked
after meanwhile and mended later, is n13 and r17 of f0140_change; 12, kills where
nodes.conf is written, and 13, a worker that dies before it acknowledges a
version, are k0052_failover_points.  In every
one of them the shard has one primary afterwards, which has every slot and every
write that was acknowledged, and nobody cleans up.
"""

# limit 60s

import contextlib
import os
import signal
import subprocess
import time

import clustering as cl
import node
import shard

ARGS = ["--workers", "1", "--appendonly", "yes", "--respawn-limit", "0",
        "--cluster-require-full-coverage", "no"]
nodes = cl.start(["almandined"] * 5, ARGS)
cl.create(nodes[:3], replicas=0)
has_faults = node.has_faults(nodes[0].connect())
tag = "{%s}" % shard.shards(nodes)[0].tags(1)[0]
acked = 0


def lone(name):
    bus = node.free_port()
    n = node.Node(name, ["--cluster-enabled", "yes", "--cluster-port",
                         str(bus), "--cluster-node-timeout",
                         str(cl.TIMEOUT_MS), "--repl-diskless-sync-delay",
                         "0"] + ARGS)
    n.bus = bus
    return n


def join(n, first):
    c = n.connect()
    c.ok("CLUSTER", "MEET", first.ip, first.port, first.bus)
    node.until(10, lambda: c.call("CLUSTER", "REPLICATE", cl.myid(first)) ==
               ("simple", b"OK"), "a replica")


def quiet(cluster=None):
    """(primary, replicas...) when nothing goes on, and all is there."""
    cluster = cluster or nodes
    shard.settled(cluster)
    node.until(10, lambda: all(shard.fields(n).get("master_failover_state") ==
                               "no-failover" for n in cluster), "quiet")
    s = max(shard.shards(cluster), key=lambda s: len(s.nodes))
    return s.nodes


def write(n, seconds=5):
    """Acknowledged by this node, and by no other."""
    global acked
    with contextlib.closing(n.connect(seconds=seconds)) as c:
        number = c.ok("INCR", tag + "n")[1]
    assert number == acked + 1, (number, acked)
    acked = number


def whole(primary):
    """It has every write that was acknowledged, and goes on."""
    assert shard.told(primary, "GET", tag + "n") == str(acked)
    write(primary)


def hold(n, point, ms, *more):
    n.connect().ok("DEBUG", "FAULT", point, "hold", ms, *more, "once")


def held_at(n, point, act):
    """Holds control of a node at a point that `act` leads to."""
    mark = "fault %s: holds" % point
    before = n.log_count(mark)
    act()
    node.until(5, lambda: n.log_count(mark) > before, point)


def line_2_the_replica_is_killed_when_the_primary_has_stopped():
    """The primary serves again long before its pause ends."""
    if not has_faults:
        return
    old, new = quiet()[:2]
    hold(new, "failover-await", 5000)
    held_at(new, "failover-await", lambda: shard.refusal(new))
    node.until(5, lambda: shard.fields(old)["master_failover_state"] ==
               "waiting-for-sync", "the pause")
    began = time.monotonic()
    new.kill()
    write(old)
    took = time.monotonic() - began
    print("    writes after %d ms" % (took * 1000))
    assert took < 2 * node.SLOW, took
    new.start()
    assert quiet()[0] is old


def line_5_called_off_in_each_state_and_again_at_once():
    """Either the abort is in time, or it is refused and the failover happens;
    the next one succeeds."""
    if not has_faults:
        return
    seen = set()
    for state in ("locking", "pausing", "syncing", "claiming", "taking"):
        old, new = quiet()[:2]
        order, at = new.connect(), new.connect()
        with node.holds(new, "failover-%s-done" % state) as is_held:
            order.send("CLUSTER", "FAILOVER")
            node.until(5, is_held, state)
            at.send("CLUSTER", "FAILOVER", "ABORT")
        told = at.read()
        quiet()
        happened = shard.role(new) == "master"
        assert happened == (told[0] == "error"), (state, told)
        seen.add(told[0])
        whole(new if happened else old)
        if not happened:
            assert shard.fields(new)["last_failover_reason"] == \
                "it was called off", shard.fields(new)
            shard.take_over(new)
            whole(new)
    assert seen == {"simple", "error"}, seen


def line_6_the_primary_starts_again_after_it_stopped():
    """Nothing had been given up, so it is the primary still, or its replica
    was elected meanwhile; from its file it has everything."""
    if not has_faults:
        return
    old, new = quiet()[:2]
    old.connect().ok("CONFIG", "SET", "appendfsync", "always")
    write(old)
    with node.holds(new, "failover-await"):
        assert shard.refusal(new) is None
        node.until(5, lambda: shard.fields(old)["master_failover_state"] ==
                   "waiting-for-sync", "the pause")
        old.kill()
    old.start()
    whole(quiet()[0])


def line_7_failover_at_the_primary():
    """Without a replica, with one, with two and to each; its time ends; it is
    called off; by force it happens in the end."""
    alone = next(n for n in nodes[1:3] if shard.role(n) == "master")
    assert alone.connect().call("FAILOVER") == (
        "error", b"ERR FAILOVER requires connected replicas.")
    for at in 1, 2:
        old = quiet()[0]
        new = quiet()[at]
        before = shard.last_failover(new)
        old.connect().ok("FAILOVER", "TO", new.ip, new.port)
        assert shard.became(new, before=before) is not None
        whole(new)
    if not has_faults:
        return
    for how in "TIMEOUT", "ABORT", "FORCE":
        old, new = quiet()[:2]
        with contextlib.ExitStack() as stack:
            if how == "FORCE":
                hold(new, "failover-await", 1200)
            else:
                stack.enter_context(node.holds(new, "failover-await"))
            old.connect().ok("FAILOVER", "TO", new.ip, new.port, *[
                "FORCE"] * (how == "FORCE"), "TIMEOUT",
                4000 if how == "ABORT" else 1000)
            node.until(5, lambda: shard.fields(old)["master_failover_state"]
                       == "waiting-for-sync", "the pause")
            if how == "ABORT":
                old.connect().ok("FAILOVER", "ABORT")
            if how != "FORCE":
                node.until(10, lambda: shard.fields(old).get(
                    "master_failover_state") == "no-failover", "its end")
        quiet()
        assert shard.role(new) == ("master" if how == "FORCE" else "slave"), \
            (how, shard.fields(new))
        whole(quiet()[0])


def line_8_the_old_primary_comes_back_after_a_takeover():
    """All of it stands still meanwhile; it follows, and takes no write."""
    old, new = quiet()[:2]
    pids = sorted(old.processes().items(), key=lambda p: p[0] != "supervisor")
    waits = old.connect(seconds=10)
    for _, pid in pids:
        os.kill(pid, signal.SIGSTOP)
    waits.send("SET", tag + "late", 1)
    try:
        shard.take_over(new, "TAKEOVER")
        write(new)
    finally:
        for _, pid in reversed(pids):
            os.kill(pid, signal.SIGCONT)
    with contextlib.suppress(node.Gone):
        assert waits.read(10)[1].startswith(b"MOVED")
    whole(quiet()[0])
    assert quiet()[0] is new
    assert new.connect().ok("GET", tag + "late") == ("nil",)


def line_9_a_snapshot_that_runs_is_put_off():
    """It begins anew when the failover is over, and succeeds."""
    if not has_faults:
        return
    old, new = quiet()[:2]
    c = new.connect()
    old.connect().pipeline([("SET", "%sbig%d" % (tag, i), os.urandom(1 << 16))
                            for i in range(64)])
    quiet()
    # What it got as a whole is written to its append-only file, once.
    node.until(10, lambda: {shard.fields(new, "persistence").get(k) for k in (
        "aof_rewrite_in_progress", "aof_rewrite_scheduled",
        "aof_pending_rewrite")} == {"0"}, "no rewrite")
    saves = int(shard.fields(new, "persistence")["rdb_saves"])
    with node.holds(new, "save-write") as is_there:
        c.ok("BGSAVE")
        node.until(5, is_there, "a part that is written")
        shard.take_over(new)
    # Between the two none is in progress.
    node.until(10, lambda: int(shard.fields(new, "persistence").get(
        "rdb_saves", saves)) > saves, "the snapshot")
    now = shard.fields(new, "persistence")
    assert now["rdb_last_bgsave_status"] == "ok", now
    assert int(now["rdb_saves"]) == saves + 1, now
    assert new.log_count("begins anew when the failover is over")


def line_4_a_takeover_fails_in_a_cluster_of_two():
    """And nothing has changed for a while: the primary serves all slots."""
    if not has_faults:
        return
    pair = [lone("t0"), lone("t1")]
    pair[0].connect().ok("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
    join(pair[1], pair[0])
    old, new = quiet(pair)
    old.connect().ok("SET", tag + "two", 1)
    new.connect().ok("DEBUG", "FAULT", "failover-level", "die", "once")
    assert shard.refusal(new) is None
    with contextlib.closing(old.connect()) as c:
        c.ok("SET", tag + "two", 2)
    assert quiet(pair)[0] is old
    assert cl.lines(old)[cl.myid(old)][8:] == ["0-16383"]
    shard.take_over(new)
    assert new.connect().ok("GET", tag + "two") == ("bulk", b"2")
    quiet(pair)
    for n in pair:
        n.kill()


def r9_a_replica_that_has_just_come_takes_over_and_gives_back():
    """Before anybody knows the name of its shard: no other's primary is taken
    for its own."""
    pair = nodes[0], nodes[3]
    join(nodes[3], nodes[0])
    for old, new in pair, pair[::-1]:
        node.until(10, lambda new=new: shard.fields(new).get(
            "master_link_status") == "up" and shard.refusal(new) is None,
            "an order")
        assert shard.became(new) is not None
        node.until(10, lambda old=old, new=new: cl.lines(old)[cl.myid(old)][
            3] == cl.myid(new), "the old one follows")
        write(new)


r9_a_replica_that_has_just_come_takes_over_and_gives_back()
shard.settled(nodes[:4])
join(nodes[4], nodes[0])
for name, line in list(globals().items()):
    if name.startswith("line_"):
        began = time.monotonic()
        print(name, flush=True)
        line()
        print("    %.1fs" % (time.monotonic() - began), flush=True)
cl.check(quiet()[0])
told = subprocess.run(
    [os.path.join(os.path.dirname(node.almandined()), "almandinectl"),
     "failover", "status", "--port", str(quiet()[1].port)],
    stdout=subprocess.PIPE, check=True, text=True).stdout
assert "recovery lock: NoRecovery\n" in told, told
assert "from standing for election: not-needed\n" in told, told
