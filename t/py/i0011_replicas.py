"""redis-server follows a node: full and partial resyncs under load

Two redis-servers follow a node of two workers, in both forms of a full
synchronisation, while random writers of all types go on.  Then their
connections are cut (they continue), the workers that feed them and the saver
are killed; at the end offsets meet and all data sets are the same.
"""

# limit 120s

import random

import following
import node
from following import go_on, info, is_up


class Writer(following.Writer):
    """One that wants no errors but those that random words deserve."""

    trouble = None

    def judge(self, replies):
        for reply in replies:
            if reply[0] == "error" and not reply[1].startswith(
                    (b"WRONGTYPE", b"ERR no such key",
                     b"ERR source and destination")):
                self.trouble = reply


def follow(form):
    """One form of full synchronisation, from nothing to the comparison."""
    # Who writes at full speed is megabytes ahead before a replica is back.
    ours = node.Node("a" + form, ["--workers", "2", "--repl-diskless-sync",
                                  form, "--repl-diskless-sync-delay", "0",
                                  "--repl-backlog-size", "64mb"],
                     kind="almandined")
    c = ours.connect()
    seed = random.randrange(1 << 30)
    print("seed", seed)
    writers = [Writer(ours, seed + i, i) for i in range(3)]
    rs = [node.Node("r%s%d" % (form, i), [
        "--replicaof", "127.0.0.1 %d" % ours.port, "--repl-timeout", "20"],
                    kind="redis") for i in range(2)]
    for r in rs:
        node.until(20, lambda: is_up(r), "the link is up")
    go_on(ours, 300000)
    full = int(info(c, "stats")["sync_full"])
    assert full >= 2, full
    for cuts in (1, 2, 3):
        assert c.ok("CLIENT", "KILL", "TYPE", "replica")[1] == 2
        node.until(20, lambda: int(info(c, "stats")["sync_partial_ok"]) >=
                   2 * cuts, "partial resyncs")
        node.until(20, lambda: int(info(c)["connected_slaves"]) == 2, "both")
        go_on(ours, 100000)
    assert int(info(c, "stats")["sync_full"]) == full, "no full resync"
    for name in ("worker 0", "worker 1"):
        ours.respawned(name, ours.hit(name))
        for r in rs:
            node.until(20, lambda: is_up(r), "the link is up after a death")
        go_on(ours, 100000)
    following.stop(writers)
    for w in writers:
        assert w.trouble is None, w.trouble
    following.same(ours, *rs)
    c = ours.connect()
    assert c.ok("WAIT", 2, 5000)[1] == 2


follow("no")
follow("yes")
