"""shard - shards under load, and who takes over from whom

    load = shard.Load(nodes, writers=4)     every shard of a cluster
    load.go()
    load.mark()
    shard.take_over(nodes[3])               CLUSTER FAILOVER, and that it was
    assert load.report()["s0"].gap_ms < 100
    load.end()                              nothing acknowledged is missing

The writers are t/witness; what they count, and why that proves something, is in
t/witness_tally.h.  A shard is called s0, s1, ... in the order of its first slot.

Not here: making clusters (clustering.py), who is hit and when (grid.py).
"""

import binascii
import contextlib
import json
import os
import subprocess
import time

import clustering as cl
import node

SLOTS = 16384


def slot_of(tag):
    """The slot of a hash tag."""
    return binascii.crc_hqx(tag.encode(), 0) % SLOTS


def ask(n, *words, seconds=5):
    """One command over a connection of its own; None: nobody answered."""
    try:
        c = n.connect(seconds=seconds)
        try:
            return c.call(*words)
        finally:
            c.close()
    except (node.Gone, OSError, TimeoutError):
        return None


def told(n, *words, seconds=5):
    """The text of an answer, "" when there was none."""
    value = ask(n, *words, seconds=seconds)
    return value[1].decode("latin-1") if value and len(value) > 1 and \
        isinstance(value[1], bytes) else ""


def fields(n, section="replication"):
    """A section of INFO, or CLUSTER INFO for "cluster", as a dict."""
    words = ("CLUSTER", "INFO") if section == "cluster" else ("INFO", section)
    return dict(line.split(":", 1) for line in told(n, *words).split("\r\n")
                if ":" in line)


def ended(n, before, result, seconds=10):
    """Waits for the end of a failover after that with the id `before`."""
    # In this order: it may begin between the two questions.
    node.until(seconds, lambda: last_failover(n) != before and
               fields(n)["master_failover_state"] == "no-failover", "its end")
    assert fields(n)["last_failover_state"] == result, fields(n)


def last_failover(n):
    """The id of the last one that has ended here."""
    return fields(n).get("last_failover_id")


def role(n):
    """master, slave, or "" when it does not say."""
    value = ask(n, "ROLE", seconds=1)
    return value[1][0][1].decode() if value and value[0] == "array" else ""


def ranges(words):
    """The slots of the last words of a line of CLUSTER NODES."""
    found = set()
    for word in words:
        if not word.startswith("["):
            first, _, last = word.partition("-")
            found.update(range(int(first), int(last or first) + 1))
    return found


class Shard:
    """The nodes of one shard as they were, the primary first."""

    def __init__(self, primary, replicas, slots):
        self.primary, self.replicas, self.slots = primary, replicas, slots
        self.nodes = [primary] + replicas

    def tags(self, count, salt=""):
        """Hash tags whose keys this shard has."""
        found, i = [], 0
        while len(found) < count:
            tag = "%s%d" % (salt, i)
            if slot_of(tag) in self.slots:
                found.append(tag)
            i += 1
        return found


def shards(nodes):
    """The shards of a cluster as its first node has them, by first slot."""
    by_id = {cl.myid(n): n for n in nodes}
    seen = cl.lines(nodes[0])
    out = []
    for key, words in seen.items():
        slots = ranges(words[8:])
        if slots and key in by_id:
            out.append(Shard(by_id[key], [
                by_id[k] for k, w in seen.items()
                if w[3] == key and k in by_id], slots))
    return sorted(out, key=lambda s: min(s.slots))


class Counts:
    """What a report says of one shard; times in ms."""

    def __init__(self, told_of):
        self.__dict__.update(told_of)
        self.gap_ms = max(told_of["gap_us"], told_of["silent_us"]) / 1000
        self.ended_gap_ms = told_of["gap_us"] / 1000

    def __repr__(self):
        return repr({k: v for k, v in self.__dict__.items() if v})


class Load:
    """Writers and probes on every shard of a cluster."""

    def __init__(self, nodes, writers=4, pipeline=1, keys=16, probe_us=None,
                 timeout_ms=1000, salt=""):
        self.nodes = nodes
        self.shards = {"s%d" % i: s for i, s in enumerate(shards(nodes))}
        self.child = subprocess.Popen(
            [os.path.join(os.path.abspath(node.BUILD), "t", "witness")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            bufsize=1)
        self.order("timeout", int(timeout_ms * node.SLOW))
        for name, s in self.shards.items():
            self.order("shard", name, *[cl.address(n) for n in s.nodes])
            for tag in s.tags(writers, salt + "w"):
                self.order("writer", name, tag, pipeline, keys)
            if probe_us is not None:
                self.order("probe", name, s.tags(1, salt + "p")[0], probe_us)

    def order(self, *words):
        """One order; the line that answers it."""
        try:
            self.child.stdin.write(" ".join(map(str, words)) + "\n")
            self.child.stdin.flush()
            answer = self.child.stdout.readline()
        except OSError:
            answer = ""
        assert answer, "the witness is gone"
        return answer.strip()

    def go(self, seconds=10):
        """Begins, and waits until every shard has acknowledged something."""
        self.order("go")
        self.served(seconds, since=-1)

    def mark(self):
        """Gaps are counted from here; where every shard is."""
        self.order("mark")
        return {name: c.acks for name, c in self.report().items()}

    def report(self):
        """{shard: Counts} since it began, gaps since mark()."""
        return {name: Counts(c) for name, c in
                json.loads(self.order("report")).items()}

    def served(self, seconds, since=None, names=None):
        """Waits until every shard, or those named, has acknowledged writes
        from now on (since: of a count of all)."""
        seen = self.report()
        start = {n: seen[n].acks + 20 if since is None else since
                 for n in names or self.shards}

        def is_served():
            now = self.report()
            return all(now[n].acks > start[n] for n in start)
        node.until(seconds, is_served, "acknowledged writes")

    def hold(self):
        """Lets every writer have its last reply."""
        self.order("hold")

    def wrong(self):
        """Keys that are not what they must be, as (key, value, acknowledged,
        sent); writers must be held."""
        readers = {}
        for s in shards(self.nodes):
            c = s.primary.connect(seconds=10)
            readers.update((slot, c) for slot in s.slots)
        out = []
        for _, name, acked, sent in json.loads(self.order("keys")):
            tag = name[1:].partition("}")[0]
            c = readers[slot_of(tag)]
            value = c.call("GET", name)
            number = int(value[1]) if value[0] == "bulk" else 0
            if value[0] == "error" or not acked <= number <= sent:
                out.append((name, value[1:], acked, sent))
        for c in set(readers.values()):
            c.close()
        return out

    def lost(self):
        """How many acknowledged writes are missing; writers must be held."""
        seen = sum(c.lost for c in self.report().values())
        for _, value, acked, _ in self.wrong():
            seen += max(0, acked - (int(value[0]) if value else 0))
        return seen

    def stop(self):
        """Ends the writers, whatever they have."""
        with contextlib.suppress(OSError):
            self.child.stdin.close()
        self.child.wait()
        self.child.stdout.close()

    def end(self, errors=()):
        """Ends them: every acknowledged write is there and none twice, no
        error came but those, and no two nodes wrote at once."""
        self.hold()
        report, wrong = self.report(), self.wrong()
        self.stop()
        assert not wrong, "keys are not what they must be: %r" % wrong[:5]
        for name, c in report.items():
            assert c.lost == c.extra == c.regressed == 0, (name, c)
            assert set(c.errors) <= set(errors), (name, c)
        return report


def links(nodes, seconds=30):
    """Waits until every replica has its stream."""
    for n in nodes:
        node.until(seconds, lambda n=n: role(n) == "master" or fields(n).get(
            "master_link_status") == "up", "the link of " + n.name)


def settled(nodes, seconds=30):
    """One owner per slot, all views equal, every link up."""
    cl.agreed(nodes, seconds)
    links(nodes, seconds)


def primary_of(n):
    """The id of a replica's primary."""
    return cl.lines(n)[cl.myid(n)][3]


def refusal(n, *how):
    """CLUSTER FAILOVER on a node: None when it was accepted, else why not."""
    value = ask(n, "CLUSTER", "FAILOVER", *how)
    if value is None:
        return "no answer"
    return None if value == ("simple", b"OK") else value[1].decode()


def has_given_up(c, before):
    """Whether a node of ours says that a failover after that with the id
    `before` was aborted."""
    text = c.call("INFO", "replication")[1]
    return b"last_failover_state:failover-aborted" in text and \
        b"master_failover_state:no-failover" in text and \
        b"last_failover_id:%s\r" % str(before).encode() not in text


def became(n, wanted="master", seconds=6, before=None):
    """How many seconds it took until a node has that role; None: it has not,
    or gave up (a node of ours says so).  Who gives the order to another node
    asks this one's last_failover() before, which does not count."""
    start = time.monotonic()
    c = None
    while time.monotonic() - start < seconds:
        try:
            c = c or n.connect(seconds=2)
            if c.call("ROLE")[1][0][1].decode() == wanted:
                c.close()
                return time.monotonic() - start
            if wanted == "master" and has_given_up(c, before):
                return None
            time.sleep(0.001)
        except (node.Gone, OSError, TimeoutError, IndexError):
            c = None
            time.sleep(0.005)
    return None


def take_over(n, *how, seconds=6):
    """A failover that has to be accepted, and to happen."""
    why = refusal(n, *how)
    assert why is None, "%s: %s" % (n.name, why)
    took = became(n, "master", seconds * node.SLOW)
    assert took is not None, "%s did not take over within %gs: %s" % (
        n.name, seconds * node.SLOW, fields(n))
    return took
