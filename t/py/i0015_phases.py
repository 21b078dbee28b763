"""a full synchronisation is cut, stopped or starved in each of its phases

Replicas that a test plays itself, in both forms, leave after each step of the
handshake, while the snapshot is made, while it is sent, before the first
acknowledgement and when they are online; others stop reading there until the
primary gives them up.  The backlog is overrun; the limit of a replica's buffer
is met; the saver dies; the primary takes another id.  Every time a replica that
comes afterwards gets exactly what there is.
"""

# limit 200s

import itertools
import os
import random
import signal
import sys
import threading
import time

import feeding
import following
import killing
import node

KEYS = 5000
BIG = 200000
BACKLOG = 64 << 20
ports = itertools.count(2000)

ours = node.Node("a", ["--workers", "2", "--repl-diskless-sync-delay", "0",
                       "--repl-timeout", "60", "--respawn-limit", "0",
                       "--stall-timeout", "0", "--repl-backlog-size", str(BACKLOG),
                       "--repl-ping-replica-period", "600"])
loader = node.Node("loader", kind="redis")
c, d = ours.connect(seconds=60), loader.connect(seconds=60)
has_points = b"no fault points" not in c.call(
    "DEBUG", "FAULT", "cut", "off")[1]


def config(name, value):
    c.ok("CONFIG", "SET", name, value)


def info():
    return following.info(c)


def replicas():
    return int(info()["connected_slaves"])


def temporary():
    return [n for n in os.listdir(ours.dir) if "temp" in n]


def alone():
    """No replica, no saver, and nothing left in the directory."""
    node.until(10, lambda: replicas() == 0, "no replicas")
    node.until(20, lambda: "saver" not in ours.processes() and
               not temporary(), "nothing left")


class Writer(threading.Thread):
    """Writes on, at a pace."""

    def __init__(self):
        super().__init__(daemon=True)
        self.c, self.is_over, self.count = ours.connect(seconds=60), False, 0
        self.trouble = None
        self.start()

    def run(self):
        r = random.Random(1)
        try:
            while not self.is_over:
                self.c.pipeline([("SET", "w%d" % r.randrange(3000),
                                  "x" * r.randrange(300)) for _ in range(20)])
                self.count += 20
        except BaseException as e:
            self.trouble = e

    def end(self):
        self.is_over = True
        self.join(30)
        assert self.trouble is None, self.trouble


def check(form, w):
    """One that follows to the end, while others write, has what there is."""
    r = feeding.Replica(ours)
    assert r.psync() == "full"
    data = r.read_snapshot()
    assert r.form == form, r.form
    r.acknowledge()
    w.end()
    feeding.save_as(data, loader.dir)
    d.ok("DEBUG", "RELOAD", "NOSAVE")
    mark = b"%d" % time.monotonic_ns()
    c.ok("SET", "mark", mark)
    words = [x for x in r.read_until([b"SET", b"mark", mark])
             if x[0] not in (b"PING", b"REPLCONF")]
    for first in range(0, len(words), 100):
        d.pipeline(words[first:first + 100])
    assert d.ok("DEBUG", "DIGEST") == c.ok("DEBUG", "DIGEST")
    assert str(r.offset) == info()["master_repl_offset"]
    r.close()
    alone()


# --- steps: each returns a replica at the end of a phase

def connected():
    return feeding.Replica(ours, shakes=False)


def greeted():
    return feeding.Replica(ours)


def waits():
    """Has asked, and not read the answer."""
    # By a port of its own: one that has just left may still be counted.
    port = next(ports)
    r = feeding.Replica(ours, port=port)
    r.send("PSYNC", "?", -1)
    node.until(5, lambda: "port=%d," % port in str(info()), "a replica")
    return r


def told():
    r = greeted()
    assert r.psync() == "full"
    return r


def half():
    """Some of the snapshot has come."""
    r = told()
    r.read_head()
    r.take(1000)
    return r


def has_all():
    """All of it, and nothing acknowledged."""
    r = told()
    r.read_snapshot()
    return r


def online():
    r = has_all()
    r.acknowledge()
    node.until(5, lambda: "state=online" in str(info()), "online")
    return r


PHASES = (connected, greeted, waits, told, half, has_all, online)


# --- scenes

def cut_everywhere():
    """They go: alone, and beside others that want the same."""
    for phase in PHASES:
        phase().close()
        for r in [phase(), phase()]:
            r.close()
    alone()


def stop_everywhere():
    """They stop reading: the primary gives them up after repl-timeout."""
    stopped = [phase() for phase in (waits, half, has_all, online)]
    config("repl-timeout", 1)
    node.until(15, lambda: replicas() == 0, "all are given up")
    config("repl-timeout", 60)
    for r in stopped:
        r.close()
    alone()


def slow():
    """One that is slow, but not too slow, gets everything."""
    r = half()
    before = int(info()["master_repl_offset"])
    node.until(20, lambda: int(info()["master_repl_offset"]) >
               before + 1000000, "writes go on")
    assert replicas() == 1
    if r.form == "length":
        r.take(r.length - 1000)
    else:
        while r.mark not in r.bytes:
            r.need()
        r.bytes = r.bytes.partition(r.mark)[2]
    r.acknowledge()
    c.ok("SET", "slow", before)
    r.read_until([b"SET", b"slow", b"%d" % before], 30)
    r.acknowledge()
    r.close()
    alone()


def shared():
    """Those that wait for a snapshot get the same one."""
    full = following.count(ours, "sync_full")
    saves = ours.log_tail(100000).count("begins at offset")
    config("repl-diskless-sync", "yes")
    config("repl-diskless-sync-delay", 100)
    rs = [waits() for _ in range(4)]
    config("repl-diskless-sync", FORM[1])
    config("repl-diskless-sync-delay", 0)
    heads = [r.line().split()[:3] for r in rs]
    assert len({tuple(h) for h in heads}) == 1, heads
    assert len({r.read_snapshot() for r in rs}) == 1
    assert following.count(ours, "sync_full") == full + 4
    assert ours.log_tail(100000).count("begins at offset") == saves + 1
    for r in rs:
        r.close()
    alone()


def overrun():
    """A replica that comes back too late gets a snapshot."""
    r = online()
    r.commands()
    r.close()
    alone()
    again = feeding.Replica(ours)
    assert again.psync(r.id, r.offset + 1) == "continue"
    again.close()
    config("repl-backlog-size", 1 << 20)
    for i in range(30):
        c.ok("SET", "over", os.urandom(BIG))
    node.until(10, lambda: int(info()["repl_backlog_first_byte_offset"]) >
               r.offset + 1, "the log forgets")
    end = int(info()["master_repl_offset"])
    # Too old, too new, of another stream, none at all.
    for id, offset in ((r.id, r.offset + 1), (r.id, end + 100000000),
                       ("0" * 40, end), (r.id, 0)):
        late = feeding.Replica(ours)
        assert late.psync(id, offset) == "full", (id, offset)
        late.close()
    config("repl-backlog-size", BACKLOG)
    alone()


def limited():
    """client-output-buffer-limit: one that takes nothing is given up."""
    name = "client_output_buffer_limit_disconnections"
    before = following.count(ours, name)
    r = online()
    config("client-output-buffer-limit", "replica 2mb 0 0")
    for i in range(60):
        c.ok("SET", "over", os.urandom(BIG))
    node.until(10, lambda: following.count(ours, name) > before, "the limit")
    assert r.is_closed(10)
    config("client-output-buffer-limit", "replica 256mb 64mb 60")
    r.close()
    alone()


def saver_dies():
    """The replica is cut and may ask again; serving goes on."""
    for _ in range(int(node.lasting(3))):
        r = waits()
        try:
            ours.hit("saver")
        except (node.Gone, ProcessLookupError):
            pass
        r.close()
    for point in ("segment-passed", "save-write", "save-written",
                  "save-renamed") if has_points else ():
        alone()
        before = met(point)
        c.ok("DEBUG", "FAULT", point, "die", "once")
        r = waits()
        assert r.is_closed(20) and met(point) > before, point
    alone()


def met(point):
    return ours.log_tail(100000).count("fault %s: dies" % point)


def id_changes():
    """All replicas are cut; they go on by the id that was before."""
    r = online()
    r.commands()
    c.ok("REPLICAOF", "127.0.0.1", 1)
    c.ok("REPLICAOF", "NO", "ONE")
    assert info()["master_replid2"] == r.id
    assert r.is_closed(10)
    again, end = feeding.Replica(ours), int(info()["second_repl_offset"])
    assert again.psync(r.id, r.offset + 1) == "continue"
    assert again.id == info()["master_replid"] != r.id
    again.close()
    late = feeding.Replica(ours)
    assert late.psync(r.id, end + 1) == "full"
    late.close()
    alone()


def stopped_server():
    """A redis-server that stands still for too long comes back by itself."""
    e = theirs.connect()
    e.ok("REPLICAOF", "127.0.0.1", ours.port)

    def is_up():
        return following.info(e).get("master_link_status") == "up"

    node.until(20, is_up, "the link")
    config("repl-timeout", 1)
    os.kill(theirs.pid, signal.SIGSTOP)
    node.until(10, lambda: replicas() == 0, "it is given up")
    os.kill(theirs.pid, signal.SIGCONT)
    config("repl-timeout", 60)
    node.until(20, is_up, "the link again")
    mark = time.monotonic_ns()
    c.ok("SET", "server", mark)
    node.until(20, lambda: e.call("GET", "server")[-1] == b"%d" % mark, "all")
    e.ok("REPLICAOF", "NO", "ONE")
    alone()


SCENES = (cut_everywhere, stop_everywhere, slow, shared, overrun, limited,
          saver_dies, id_changes, stopped_server)
theirs = node.Node("r", ["--repl-timeout", "2"], kind="redis")
for first in range(0, KEYS, 1000):
    c.ok("MSET", *(x for i in range(first, first + 1000)
                   for x in ("key:%d" % i, "value:%d" % i * 10)))
for i in range(10):
    c.ok("SET", "big:%d" % i, os.urandom(BIG))
for FORM in (("length", "no"), ("eof", "yes")):
    config("repl-diskless-sync", FORM[1])
    for scene in SCENES:
        if sys.argv[1:] and scene.__name__ not in sys.argv:
            continue
        # Each in one form, in the long run in both.
        if node.LONG == 1 and scene not in SCENES[FORM[1] == "yes"::2]:
            continue
        begin = time.monotonic()
        writer = Writer()
        scene()
        check(FORM[0], writer)
        print("%s, %s: %.1f s" % (scene.__name__, FORM[0],
                                  time.monotonic() - begin), flush=True)
killing.sound(c.ok)
