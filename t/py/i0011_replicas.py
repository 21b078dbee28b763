"""redis-server follows a node: full and partial resyncs under load

Two redis-servers follow a node of two workers, in both forms of a full
synchronisation, while random writers of all types go on.  Then their
connections are cut (they continue), the workers that feed them and the saver
are killed; at the end offsets meet and all data sets are the same.
"""

# limit 120s

import random
import threading

import node

KEYS = 200


def info(c, section="replication"):
    """A section of INFO as a dict."""
    return dict(line.split(":", 1) for line in
                c.ok("INFO", section)[1].decode().split("\r\n")
                if ":" in line)


def write(c, r):
    """One random write."""
    k = "k%d" % r.randrange(KEYS)
    t = r.randrange(15)
    n, m = r.randrange(1000), "m%d" % r.randrange(40)
    return [
        ("SET", "s" + k, "v" * n), ("SET", "s" + k, n, "EX", 100),
        ("INCR", "n" + k), ("INCRBYFLOAT", "f" + k, "1.25"),
        ("HSET", "h" + k, m, n), ("HINCRBYFLOAT", "h" + k, "f", "0.5"),
        ("RPUSH", "l" + k, m, n), ("LPOP", "l" + k),
        ("SADD", "e" + k, m, n), ("SPOP", "e" + k),
        ("ZADD", "z" + k, n, m), ("ZPOPMIN", "z" + k),
        ("PEXPIRE", "h" + k, r.choice((1, 50, 100000))),
        ("SORT", "l" + k, "ALPHA", "STORE", "l" + k),
        ("DEL", r.choice("snfhlez") + k)][t]


class Writer(threading.Thread):
    """Writes in several databases until told to end; a death is survived."""

    def __init__(self, n, seed, db):
        super().__init__(daemon=True)
        self.n, self.r, self.db = n, random.Random(seed), db
        self.is_over, self.trouble = threading.Event(), None

    def run(self):
        while not self.is_over.is_set():
            try:
                c = self.n.connect()
                c.ok("SELECT", self.db)
                while not self.is_over.is_set():
                    self.batch(c)
            except (node.Gone, OSError):
                continue
            except AssertionError as e:
                self.trouble = e
                return

    def batch(self, c):
        """Some writes, at times as one."""
        words = [write(c, self.r) for _ in range(20)]
        if self.r.randrange(3) == 0:
            words = [("MULTI",)] + words + [("EXEC",)]
        for reply in c.pipeline(words):
            assert reply[0] != "error" or reply[1].startswith(
                b"WRONGTYPE"), reply


def is_up(r):
    """Whether a replica has its link."""
    return info(r.connect()).get("master_link_status") == "up"


def offset(n):
    """What a node says its offset is."""
    return info(n.connect())["master_repl_offset"]


def go_on(n, bytes_more):
    """Lets the writers write so much."""
    end = int(offset(n)) + node.lasting(bytes_more)
    node.until(60, lambda: int(offset(n)) > end, "writes")


def follow(form):
    """One form of full synchronisation, from nothing to the comparison."""
    ours = node.Node("a" + form, ["--workers", "2", "--repl-diskless-sync",
                                  form, "--repl-diskless-sync-delay", "0"],
                     kind="almandined")
    c = ours.connect()
    seed = random.randrange(1 << 30)
    print("seed", seed)
    writers = [Writer(ours, seed + i, i) for i in range(3)]
    for w in writers:
        w.start()
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
    for w in writers:
        w.is_over.set()
        w.join(10)
        assert w.trouble is None, w.trouble
    c = ours.connect()
    # What expires now does so by our DEL.
    node.until(5, lambda: all(offset(r) == offset(ours) for r in rs),
               "offsets meet")
    c.ok("CLIENT", "PAUSE", "100000", "WRITE")
    node.until(5, lambda: all(offset(r) == offset(ours) for r in rs),
               "offsets meet")
    digest = c.ok("DEBUG", "DIGEST")
    for r in rs:
        assert r.connect().ok("DEBUG", "DIGEST") == digest
    assert c.ok("DBSIZE")[1] > 0
    c.ok("CLIENT", "UNPAUSE")
    assert c.ok("WAIT", 2, 5000)[1] == 2


follow("no")
follow("yes")
