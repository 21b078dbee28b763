"""durable - what snapshots, files and replicas cost

Each figure is a ratio of a server to itself (with something, without it) or
to redis-server, taken in one run.  Snapshots and files lie in a directory of
their own, which a second server of the same kind is started on.

    BGSAVE        a 50/50 load while a snapshot is written: p99 beside that of
                  the same load before it; the memory of all the server's
                  processes (Pss, shared pages counted once) at its highest,
                  beside before
    load          from the start until the file is loaded
    replica       SET P=16 with one replica that has caught up, beside none;
                  how far the replica was behind at most
    always        appendfsync always: 50 readers beside 8 writers, and 50
                  writers, one request at a time
    everysec      SET P=16 beside no file

Not here: how load is made (load.c), how servers run (servers.py), the table
(run).
"""

import contextlib
import statistics
import tempfile
import threading
import time

from servers import Trouble

WAIT_S = 300


def info(server, name):
    """A field of INFO as text."""
    for line in server.call("INFO")[1].split(b"\r\n"):
        if line.startswith(name.encode() + b":"):
            return line.split(b":", 1)[1].decode()
    raise Trouble("%s: no %s in INFO" % (server.name, name))


def until(what, is_so, within=WAIT_S):
    """Waits for something to be so."""
    deadline = time.monotonic() + within
    while not is_so():
        if time.monotonic() > deadline:
            raise Trouble("%s: not within %d s" % (what, within))
        time.sleep(0.02)


def family(pid):
    """A process and all that it started."""
    found = [pid]
    for one in found:
        with contextlib.suppress(OSError), open(
                "/proc/%d/task/%d/children" % (one, one)) as f:
            found.extend(int(p) for p in f.read().split())
    return found


def memory(pid):
    """Bytes of memory a server's processes have, shared pages once."""
    total = 0
    for one in family(pid):
        with contextlib.suppress(OSError), open(
                "/proc/%d/smaps_rollup" % one) as f:
            for line in f:
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total


class Highest(threading.Thread):
    """The highest of what a function says, until told to end."""

    def __init__(self, ask, pause_s):
        super().__init__(daemon=True)
        self.ask, self.pause_s = ask, pause_s
        self.value, self.is_over = ask(), threading.Event()

    def run(self):
        while not self.is_over.wait(self.pause_s):
            self.value = max(self.value, self.ask())

    def end(self):
        """The highest value seen."""
        self.is_over.set()
        self.join()
        return self.value


class Durable:
    """The measurements; `bench` starts, loads and prints."""

    def __init__(self, bench):
        self.bench = bench
        self.makers = [bench.redis]
        if not bench.args.no_almandined:
            self.makers.append(bench.ours)

    def start(self, make, where, *words, cores=(0,), workers=1):
        """A server that keeps its files in `where`."""
        more = ["--dir", where] + list(words)
        if make == self.bench.redis:
            return make(set(cores), more)
        return make(set(cores), workers, more)

    def row(self, what, unit, values, promise=None, less=False):
        """A row of figures of each server's own."""
        values = values + [None] * (2 - len(values))
        self.bench.add_row(what, unit, values[0], None, values[1],
                           promise and (promise, promise), less, ratio=False)

    # ---- snapshots -----------------------------------------------------

    def save_under_load(self, server, words):
        """(p99 ratio, seconds, share of memory, throughput ratio)."""
        load = lambda: self.bench.load(server, words)
        before = [load() for _ in range(3)]
        has = memory(server.pid)
        peak = Highest(lambda: memory(server.pid), 0.1)
        peak.start()
        begun = time.monotonic()
        server.call("BGSAVE")
        during = []
        while True:
            line = load()
            if info(server, "rdb_bgsave_in_progress") == "0" and during:
                break
            during.append(line)
            if info(server, "rdb_bgsave_in_progress") == "0":
                break
        took = time.monotonic() - begun
        more = peak.end() - has
        if info(server, "rdb_last_bgsave_status") != "ok":
            raise Trouble(server.name + ": the snapshot failed")
        median = lambda lines, name: statistics.median(
            x[name] for x in lines)
        return (median(during, "p99") / median(before, "p99"), took,
                more / has, median(during, "ops_s") / median(before, "ops_s"))

    def load_time(self, make, where):
        """Seconds from the start until all is loaded."""
        begun = time.monotonic()
        with self.start(make, where, cores=(0, 1), workers=2) as server:
            def is_loaded():
                reply = server.call("INFO", "persistence")
                return reply[0] != "error" and b"\nloading:0" in reply[1]
            until("loading", is_loaded)
            return time.monotonic() - begun

    def snapshots(self):
        """BGSAVE under load, and loading what it wrote."""
        if not self.bench.asked("BGSAVE"):
            return
        keys = 200000 if self.bench.quick else 2000000
        what = "%.1f GB" % (keys * 1000 / 1e9)
        shape = "--size 1000 --keys %d" % keys
        figures, loads = [], []
        for make in self.makers:
            with tempfile.TemporaryDirectory() as where:
                with self.start(make, where, cores=(0,)) as server:
                    self.bench.say("BGSAVE of %s: %s" % (what, server.name))
                    self.bench.fill(server, "--op set " + shape)
                    figures.append(self.save_under_load(
                        server, "--op get:50,set:50 --pipeline 16 "
                        "--seconds 0.5 --warm 0.1 " + shape))
                    server.call("SAVE")
                loads.append(self.load_time(make, where))
        part = lambda i: [f[i] for f in figures]
        self.row("BGSAVE of %s under 50/50: p99 beside none" % what, "x",
                 part(0), 1.5, less=True)
        self.row("  throughput beside none", "x", part(3))
        self.row("  extra memory, share", "x", part(2), 0.05, less=True)
        self.row("  time it takes", "s", part(1))
        self.bench.add_row("loading those %s, 2 workers" % what, "s",
                           loads[0], None, (loads + [None])[1], (0.5, 0.5),
                           less=True)

    # ---- replicas ------------------------------------------------------

    def with_replica(self, make):
        """(throughput ratio, processor time ratio, MB behind at most)."""
        words = "--op set --pipeline 16 --keys 100000 --seconds %g" % (
            self.bench.seconds)
        with tempfile.TemporaryDirectory() as a, \
                tempfile.TemporaryDirectory() as b, \
                self.start(make, a) as primary:
            alone = [self.bench.load(primary, words) for _ in range(3)]
            with self.start(make, b, "--replicaof",
                            "127.0.0.1 %d" % primary.port,
                            cores=(0, 1)) as replica:
                offset = lambda s, n: int(info(s, n))
                until("the replica", lambda: info(
                    replica, "master_link_status") == "up")
                behind = Highest(lambda: offset(
                    primary, "master_repl_offset") - offset(
                        replica, "slave_repl_offset"), 0.1)
                behind.start()
                both = [self.bench.load(primary, words) for _ in range(3)]
                most = behind.end()
                until("the replica to catch up", lambda: offset(
                    primary, "master_repl_offset") == offset(
                        replica, "slave_repl_offset"))
        median = lambda lines, name: statistics.median(
            x[name] for x in lines)
        return (median(both, "ops_s") / median(alone, "ops_s"),
                median(both, "server_cpu") / median(alone, "server_cpu"),
                most / 1e6)

    def replicas(self):
        """What a replica costs its primary."""
        if not self.bench.asked("replica"):
            return
        figures = []
        for make in self.makers:
            self.bench.say("SET P=16 with a replica")
            figures.append(self.with_replica(make))
        part = lambda i: [f[i] for f in figures]
        self.row("SET P=16 with a replica, beside none", "x", part(0))
        self.row("  processor time beside none", "x", part(1), 1.15,
                 less=True)
        self.row("  the replica was behind by at most", "MB", part(2))

    # ---- the append-only file ------------------------------------------

    def two_loads(self, server):
        """50 readers beside 8 writers, one request at a time."""
        lines = {}

        def run(name, words):
            lines[name] = self.bench.load(
                server, words + " --keys 100000 --seconds %g" %
                self.bench.seconds)
        threads = [threading.Thread(target=run, args=a) for a in (
            ("get", "--op get --connections 50"),
            ("set", "--op set --connections 8"))]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        if len(lines) != 2:
            raise Trouble(server.name + ": a load failed")
        return lines

    def file(self, policy):
        """Words that switch the append-only file on."""
        return ["--appendonly", "yes", "--appendfsync", policy]

    def always(self):
        """Group commit, and readers who do not wait for it."""
        if not self.bench.asked("always"):
            return
        readers, writers, alone = [], [], []
        for make in self.makers:
            speed = {}
            for words in ([], self.file("always")):
                with tempfile.TemporaryDirectory() as where, \
                        self.start(make, where, *words) as server:
                    self.bench.say("appendfsync always: " + server.name)
                    self.bench.fill(server, "--op set --keys 100000")
                    lines = self.two_loads(server)
                    speed[bool(words)] = lines["get"]["ops_s"]
                    if words:
                        writers.append(lines["set"]["ops_s"])
                        alone.append(self.bench.load(
                            server, "--op set --keys 100000 --seconds %g" %
                            self.bench.seconds)["ops_s"])
            readers.append(speed[True] / speed[False])
        second = lambda v: (v + [None])[1]
        self.row("always: 50 readers beside 8 writers, to no file", "x",
                 readers, 0.9)
        self.bench.add_row("  those 8 writers", "op/s", writers[0], None,
                           second(writers))
        self.bench.add_row("  50 writers, P=1", "op/s", alone[0], None,
                           second(alone), (3, 3))

    def everysec(self):
        """The file that is synced each second."""
        if not self.bench.asked("everysec"):
            return
        words = "--op set --pipeline 16 --keys 100000 --seconds %g" % (
            self.bench.seconds)
        ratios = []
        for make in self.makers:
            with tempfile.TemporaryDirectory() as a, \
                    tempfile.TemporaryDirectory() as b, \
                    self.start(make, a) as none, \
                    self.start(make, b, *self.file("everysec")) as with_file:
                self.bench.say("everysec: " + none.name)
                runs = [[self.bench.load(s, words)["ops_s"]
                         for s in (none, with_file)] for _ in range(3)]
            ratios.append(statistics.median(r[1] for r in runs) /
                          statistics.median(r[0] for r in runs))
        self.row("everysec: SET P=16 beside no file", "x", ratios, 0.85)

    def everything(self):
        """All of it."""
        self.everysec()
        self.always()
        self.replicas()
        self.snapshots()
