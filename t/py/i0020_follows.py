"""a node follows redis-server, and another node, under load

In both forms of a full synchronisation.  Its connection to the primary is cut
(it continues), the worker that applies the stream and control are killed; at
the end offsets meet and the data sets are the same.
"""

# limit 150s

import random

import following as f
import node


def follow(kind, form):
    """One primary, from nothing to the comparison."""
    name = kind + form
    primary = node.Node("p" + name, [
        "--repl-diskless-sync", form, "--repl-diskless-sync-delay", "0",
        "--repl-backlog-size", "128mb"], kind=kind)
    writers = f.write(primary, random.randrange(1 << 30))
    node.until(20, lambda: f.count(primary, "total_commands_processed") > 20000,
               "a data set")
    ours = node.Node("r" + name, ["--workers", "2"], kind="almandined")
    c = ours.connect()
    c.ok("SET", "gone", "1")
    assert c.ok("REPLICAOF", "127.0.0.1", primary.port)[1] == b"OK"
    f.linked(ours)
    full = f.count(primary, "sync_full")
    for _ in range(2):
        f.go_on(primary, 50000)
        before = f.count(primary, "sync_partial_ok")
        assert primary.connect().ok("CLIENT", "KILL", "TYPE",
                                    "replica")[1] == 1
        node.until(20, lambda: f.count(primary, "sync_partial_ok") > before,
                   "a partial resync")
        f.linked(ours)
    for who in ("worker 0", "worker 1", "control"):
        ours.respawned(who, ours.hit(who))
        f.linked(ours)
        f.go_on(primary, 50000)
    f.stop(writers)
    f.same(primary, ours)
    assert f.count(primary, "sync_full") == full, "no other full one"
    assert ours.connect().call("SET", "k", "v")[1].startswith(b"READONLY")


follow("redis", "no")
follow("redis", "yes")
follow("almandined", "yes")
