"""a failover beside other work: snapshots, attachments, clients that wait

Each function is named after its line in the list of what nobody tested before,
or in the list of replication's scenarios (r).
"""

# limit 90s

import contextlib
import os
import shutil
import threading

import clustering as cl
import node
import shard

nodes = cl.start(["almandined"] * 7, ["--workers", "1", "--appendonly", "yes"])
cl.create(nodes, replicas=1)
shard.settled(nodes)
has_faults = node.has_faults(nodes[0].connect())


def big():
    """(primary, replica, sibling, shard) when all is quiet."""
    shard.settled(nodes)
    node.until(10, lambda: all(shard.fields(n).get("master_failover_state") ==
                               "no-failover" for n in nodes), "quiet")
    s = max(shard.shards(nodes), key=lambda s: len(s.nodes))
    return [s.primary] + s.replicas + [s]


def key_of(s):
    return "{%s}" % s.tags(1)[0]


def line_3_the_offset_is_told_late():
    """Later than the order may take: it is called off, the primary serves."""
    if not has_faults:
        return
    old, new, _, s = big()
    old.connect().ok("DEBUG", "FAULT", "failover-held", "hold", 400, "once")
    new.connect().ok("CLUSTER", "FAILOVER", "TIMEOUT", 150)
    old.connect().ok("SET", key_of(s), "line 3")
    shard.settled(nodes)
    node.until(10, lambda: shard.fields(new)["last_failover_state"] ==
               "failover-aborted", "the end of it")
    assert shard.role(old) == "master"


def line_3_the_role_is_taken_slowly():
    """Who gave it hears at once; its clients and its stream wait there."""
    if not has_faults:
        return
    old, new, _, s = big()
    said = [n.log_has("NOMASTERLINK") for n in (old, new)]
    with node.holds(new, "promoted") as is_held:
        new.connect().ok("CLUSTER", "FAILOVER")
        node.until(10, is_held, "it is about to be the primary")
        node.until(10, lambda: shard.role(old) == "slave", "it has heard")
        assert shard.role(new) == "slave"
        waits = new.connect()
        waits.send("SET", key_of(s), "line 3")
    assert waits.read() == ("simple", b"OK")
    shard.settled(nodes)
    shard.links(nodes)
    assert [n.log_has("NOMASTERLINK") for n in (old, new)] == said


def line_9_a_snapshot_is_written_meanwhile():
    old, new, _, s = big()
    node.until(10, lambda: old.connect().call("BGSAVE")[0] == "simple",
               "no other save runs")
    new.connect().call("BGSAVE")
    shard.take_over(new)


def line_9_a_sibling_attaches_meanwhile():
    old, new, sibling, s = big()
    sibling.kill()
    sibling.start(waits=False)
    shard.take_over(new)
    shard.settled(nodes)
    assert shard.primary_of(sibling) == cl.myid(new)


def line_9_both_replicas_are_told_to():
    """One of them, or none, is refused; there is one primary."""
    old, new, sibling, s = big()
    asked = [threading.Thread(target=shard.refusal, args=(n,))
             for n in (new, sibling)]
    for t in asked:
        t.start()
    for t in asked:
        t.join()
    shard.settled(nodes)
    node.until(10, lambda: shard.role(old) == "slave" and
               [shard.role(n) for n in s.nodes].count("master") == 1,
               "one primary, which is another one")


def line_10_clients_that_wait():
    """One in BLPOP is told where to go, as redis-server does; a pipeline is
    answered to its end."""
    old, new, _, s = big()
    key = key_of(s)
    blocked, busy = old.connect(), old.connect()
    blocked.send("BLPOP", key + "list", 0)
    node.until(5, lambda: shard.fields(old, "clients")["blocked_clients"] ==
               "1", "it waits")
    busy.send_raw(b"".join(node.encode(["INCR", key + "n"])
                           for _ in range(2000)))
    shard.take_over(new)
    told = blocked.read(10)
    assert told[0] == "error" and told[1].startswith(
        (b"MOVED", b"UNBLOCKED")), told
    answers = [busy.read(10) for _ in range(2000)]
    done = [a for a in answers if a[0] == "int"]
    assert [a[1] for a in done] == list(range(1, len(done) + 1))
    assert all(a[1].startswith(b"MOVED") for a in answers[len(done):])
    shard.settled(nodes)
    c = new.connect()
    assert int(c.ok("INCR", key + "n")[1]) == len(done) + 1


def line_10_a_client_that_would_write_anywhere():
    """READWRITE lets nobody write where writes are stopped, nor at a replica:
    it waits, and is sent to who took over."""
    old, new, sibling, s = big()
    key = key_of(s)
    clients = []
    for n in (old, new, sibling):
        clients.append(n.connect())
        clients[-1].ok("READONLY")
        clients[-1].ok("READWRITE")
    clients[0].ok("SET", key, "before")
    with contextlib.ExitStack() as stack:
        if has_faults:
            is_held = stack.enter_context(node.holds(new, "failover-await"))
            assert shard.refusal(new) is None
            node.until(10, is_held, "the pause")
            clients[0].send("SET", key, "meanwhile")
            try:
                raise AssertionError("it writes: %r" % (
                    clients[0].read(seconds=0.1),))
            except TimeoutError:
                pass
        for c in clients[1:]:
            assert c.call("SET", key, "no")[1].startswith(b"MOVED")
    if has_faults:
        assert clients[0].read(10)[1].startswith(b"MOVED")
        node.until(10, lambda: shard.role(new) == "master", "it takes over")
        assert new.connect().ok("GET", key) == ("bulk", b"before")


def line_16_a_snapshot_for_a_sibling_holds_nobody_up():
    """It lasts, and the role goes over all the same, and again."""
    if not has_faults:
        return
    old, new, sibling, s = big()
    old.connect().pipeline([("SET", "%s16%d" % (key_of(s), i), "x" * 1000)
                            for i in range(300)])
    shard.links(nodes)
    sibling.kill()
    shutil.rmtree(os.path.join(sibling.dir, "appendonlydir"))
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(sibling.dir, "dump.rdb"))
    with node.holds(old, "save-write") as is_held:
        sibling.start(waits=False)
        node.until(10, is_held, "a snapshot for it")
        shard.take_over(new)
        node.until(10, lambda: shard.role(old) == "slave", "it follows")
    big()


def r2_r18_a_replica_starts_again_and_again():
    """While there are writes; from its file it goes on."""
    primary, replica, _, s = big()
    load = shard.Load(nodes, writers=1)
    load.go()
    for _ in range(int(node.lasting(2))):
        replica.kill()
        node.until(10, lambda: shard.fields(primary)["connected_slaves"] ==
                   "1", "it is missed")
        replica.start()
        shard.links(nodes)
    load.end()
    shard.settled(nodes)


for name, line in list(globals().items()):
    if name.startswith(("line_", "r2_")):
        print(name, flush=True)
        line()
shard.settled(nodes)
cl.check(nodes[0])
