"""clustering - clusters that tests make with redis-cli, and look at

    nodes = clustering.start(["almandined"] * 3 + ["redis"] * 3)
    clustering.create(nodes, replicas=1)
    clustering.agreed(nodes)

Not here: what a single node answers (t/tr/bc*).
"""

import os
import random
import subprocess
import threading
import time

import node

TIMEOUT_MS = 2000


def start(kinds, args=(), places=None, with_file=False):
    """One node of each kind, alone so far; each in its place, or all here.
    with_file: each has a configuration file, which it may rewrite.  None makes
    huge pages ahead: so many at once would do little else."""
    places = places or [node.HERE] * len(kinds)
    nodes = []
    for i, (kind, place) in enumerate(zip(kinds, places)):
        bus = node.free_port()
        n = node.Node("%s%d" % (kind[0], i), [
            "--cluster-enabled", "yes", "--cluster-port", str(bus),
            "--cluster-node-timeout", str(TIMEOUT_MS),
            "--repl-diskless-sync-delay", "0", "--huge-pages", "no"] +
            list(args), kind=kind,
            place=place, start=False)
        n.bus = bus
        if with_file:
            n.args.insert(0, os.path.join(n.dir, "node.conf"))
            with open(n.args[0], "w") as f:
                f.write("# a test's\n")
        n.start()
        nodes.append(n)
    return nodes


def run_cli(*args, seconds=60):
    """How redis-cli ended, and what it printed; whatever it asks is so."""
    return subprocess.run(["redis-cli"] + [str(a) for a in args],
                          input="yes\n" * 9, capture_output=True,
                          text=True, timeout=seconds * node.SLOW)


def cli(*args, seconds=60):
    """What redis-cli prints; an error is one of the test's."""
    done = run_cli(*args, seconds=seconds)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def cluster(*words, seconds=60):
    """redis-cli --cluster, which must not fail.  Most of it refuses to begin
    while nodes do not agree."""
    if words[0] in ("reshard", "rebalance", "del-node", "import"):
        check_at(words[1])
    elif words[0] == "add-node":
        check_at(words[2])
    return cli("--cluster", *words, "--cluster-yes", seconds=seconds)


def address(n):
    return "%s:%d" % (n.ip, n.port)


def create(nodes, replicas):
    """redis-cli --cluster create: the first nodes become primaries."""
    out = cli("--cluster", "create", *[address(n) for n in nodes],
              "--cluster-replicas", replicas, "--cluster-yes")
    assert "All 16384 slots covered" in out, out


def check(n):
    """redis-cli --cluster check finds nothing."""
    check_at(address(n))


def check_at(where, seconds=10):
    """Same: soon, since it asks one node after the other."""
    def is_clean():
        done = run_cli("--cluster", "check", where)
        told.append(done.stdout + done.stderr)
        return done.returncode == 0 and "[ERR]" not in told[-1] and \
            "[WARNING]" not in told[-1] and \
            "All 16384 slots covered" in told[-1]

    told = []
    try:
        node.until(seconds, is_clean, "a clean check")
    except AssertionError:
        print(told[-1])
        raise


def myid(n):
    return n.connect().ok("CLUSTER", "MYID")[1].decode()


def lines(n):
    """CLUSTER NODES as {id: words}."""
    text = n.connect().ok("CLUSTER", "NODES")[1].decode()
    return {line.split()[0]: line.split() for line in text.splitlines()}


def info(n, field):
    """A field of CLUSTER INFO; None while the node loads its data."""
    kind, text = n.connect().call("CLUSTER", "INFO")[:2]
    if kind == "error":
        return None
    text = text.decode()
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return value
    raise AssertionError("CLUSTER INFO has no " + field)


def _told(n):
    """What a node says of all: role, primary, slots; and whether it is well."""
    told, well = {}, info(n, "cluster_state") == "ok"
    for key, words in lines(n).items():
        flags = set(words[2].split(","))
        well = well and not flags & {"fail", "fail?", "handshake"}
        told[key] = ("master" in flags, words[3], tuple(words[8:]))
    return told, well


def _is_agreed(nodes):
    told = []
    for n in nodes:
        try:
            told.append(_told(n))
        except (node.Gone, OSError, TimeoutError, AssertionError):
            return False
    return all(t[1] and t[0] == told[0][0] for t in told)


def agreed(nodes, seconds=30):
    """Waits until all of these nodes say the same, and that all is well."""
    try:
        node.until(seconds, lambda: _is_agreed(nodes), "agreement")
    except AssertionError:
        for n in nodes:
            print(n.name, cli("-p", n.port, "CLUSTER", "NODES"),
                  cli("-p", n.port, "CLUSTER", "INFO")[:30])
        raise


def role(n):
    return n.connect().ok("ROLE")[1][0][1].decode()


def linked(n, seconds=30):
    """Waits until a replica has its primary's stream."""
    node.until(seconds, lambda: b"master_link_status:up" in
               n.connect().ok("INFO", "replication")[1], "the link")


def slot_count(n, of=None):
    """How many slots a node says it has itself, or another one."""
    count = 0
    for word in lines(n)[myid(of or n)][8:]:
        if not word.startswith("["):
            a, _, b = word.partition("-")
            count += int(b or a) - int(a) + 1
    return count


class Client:
    """Follows MOVED and ASK; tries again when told to, or when cut off."""

    def __init__(self, nodes, seconds=20):
        self.by_port = {n.port: n for n in nodes}
        self.first, self.seconds = nodes[0], seconds
        self.conns, self.where, self.sent = {}, {}, {}

    def _conn(self, port):
        if port not in self.conns:
            self.conns[port] = self.by_port[port].connect(seconds=self.seconds)
        return self.conns[port]

    def _once(self, words, port, asks):
        c = self._conn(port)
        if asks:
            c.ok("ASKING")
        return c.call(*words)

    def call(self, *words):
        """The reply to a command of one key, its second word.  A command that
        was cut off is sent again."""
        key, asks = words[1], False
        port = self.where.get(key, self.first.port)
        end = time.monotonic() + self.seconds * node.SLOW
        while time.monotonic() < end:
            try:
                got = self._once(words, port, asks)
            except (node.Gone, OSError, TimeoutError):
                self.conns.pop(port, None)
                port = random.choice(list(self.by_port))
                continue
            word = got[1].split()[0] if got[0] == "error" else b""
            asks = word == b"ASK"
            if word in (b"MOVED", b"ASK"):
                port = int(got[1].rpartition(b":")[2])
                self.sent[word] = self.sent.get(word, 0) + 1
            elif word not in (b"TRYAGAIN", b"CLUSTERDOWN", b"LOADING",
                              b"MASTERDOWN"):
                self.where[key] = port
                return got
        raise AssertionError("%s %s: no answer but %r" % (words[0], key, got))

    def ok(self, *words):
        got = self.call(*words)
        assert got[0] != "error", (words, got)
        return got


class Keys:
    """Keys all over a cluster, which must not be lost."""

    def __init__(self, nodes):
        self.nodes, self.value = nodes, {}

    def put(self, count, tag="k"):
        """That many keys, some with others in their slot."""
        client = Client(self.nodes)
        for i in range(count):
            key = "{%s%d}%d" % (tag, i // 3, i)
            client.ok("SET", key, i)
            self.value[key] = i

    def verify(self):
        """Each is there, and once."""
        client = Client(self.nodes)
        for key, value in self.value.items():
            got = client.ok("GET", key)
            assert got == ("bulk", b"%d" % value), (key, got)


class Load(threading.Thread):
    """Counts keys of its own up, wherever they are, until stop() looks whether
    each count is what was told."""

    def __init__(self, nodes, keys, seconds=20):
        super().__init__(daemon=True)
        self.client = Client(nodes, seconds)
        self.count = dict.fromkeys(keys, 0)
        self.stopped, self.why, self.done = False, None, 0
        self.start()

    def run(self):
        keys = list(self.count)
        try:
            while not self.stopped:
                key = random.choice(keys)
                got = self.client.call("INCR", key)
                # One that was cut off may have happened twice.
                assert got[0] == "int" and got[1] > self.count[key], \
                    (key, got, self.count[key])
                self.count[key] = got[1]
                self.done += 1
        except Exception as e:
            self.why = e

    def stop(self):
        self.stopped = True
        self.join()
        assert self.why is None, self.why
        for key, count in self.count.items():
            got = self.client.ok("GET", key)
            assert got == (("bulk", b"%d" % count) if count else ("nil",)), \
                (key, got, count)
