"""grid - a planned failover, and what happens to whom in the middle of it

A cell is (harm, victim, moment): HARMS says what is done, VICTIMS to which
node's part, and the moment is a state of the machine, in which control of the
old or the new primary is held meanwhile, or a random delay.  After each
cell, and nobody helps but by starting again what was killed as a whole:

  - every slot has one owner, all views are equal, every link is up
  - redis-cli --cluster check finds nothing
  - every acknowledged write is there, and none twice; where a node is lost
    that may have been the only one to have it, acknowledgements waited for a
    replica (min-replicas-to-ack)
  - writes are accepted again, and the longest gap is within the bound
  - the right to write changed hands at most once for each new epoch, and the
    probes counted as one

    g = grid.Grid(seed)
    g.run(("control", "old", ("stopped", "old")))

Not here: which cells are run when (t/py/f0130_grid.py), probes and writers
(t/witness.c).
"""

import contextlib
import os
import random
import signal
import threading
import time

import clustering as cl
import node
import shard

VICTIMS = ("old", "new", "sibling", "voter")
# The states of a planned failover in their order, and whose control is held
# when it has come into that state (shm/fault.def).  It is never "preparing" for
# long: while it is "pausing" the voters have promised.
STATES = (("locking", "new"), ("pausing", "new"), ("stopping", "old"),
          ("stopped", "old"), ("syncing", "new"), ("claiming", "new"),
          ("yielding", "old"), ("given", "old"), ("taking", "new"),
          ("turning", "new"), ("telling", "new"))
HELD_MS = 300
STOPPED_S = 3
PAUSE_MS = 2000     # the longest a failover may hold writes
DELAYS_MS = 15      # a failover is over by then

# What is done: how long a gap may be in ms, whether it may take a node's data
# away for a while, whether clients may see more than redirections.
HARMS = {
    "nothing": (1000, False, False),
    "worker 0": (2000, False, False),
    "worker 1": (2000, False, False),
    "logger": (2000, False, False),
    "control": (PAUSE_MS + 1000, False, False),
    "node": (PAUSE_MS + 2 * cl.TIMEOUT_MS, True, True),
    "stop": (1000 * STOPPED_S + PAUSE_MS + 2 * cl.TIMEOUT_MS, True, True),
    "cut peer": (1000 * STOPPED_S + PAUSE_MS + 2 * cl.TIMEOUT_MS, True, True),
    "cut all": (1000 * STOPPED_S + PAUSE_MS + 2 * cl.TIMEOUT_MS, True, True),
}


def cells():
    """Every cell; a number instead of a state is a random delay."""
    out = []
    for moment in STATES + tuple(range(3)):
        out.append(("nothing", "old", moment))
        for harm in list(HARMS)[1:]:
            for victim in VICTIMS:
                if harm == "cut peer" and victim != "old":
                    continue
                out.append((harm, victim, moment))
    return out


def words(cell):
    """A cell as it is printed."""
    moment = cell[2]
    return "%s of %s %s" % (cell[0], cell[1], "at a random time" if
                            isinstance(moment, int) else
                            "while %s is %s" % moment[::-1])


class Grid:
    """Three primaries; the first has two replicas."""

    def __init__(self, seed, net=None):
        self.random, self.net, self.count = random.Random(seed), net, 0
        places = [net.host() for _ in range(5)] if net else None
        self.nodes = cl.start(
            ["almandined"] * 5, ["--appendonly", "yes", "--respawn-limit", "0",
             "--cluster-manual-failover-timeout", str(PAUSE_MS),
             "--cluster-require-full-coverage", "no",
             "--cluster-allow-replica-migration", "no"], places)
        self.has_faults = node.has_faults(self.nodes[0].connect())
        cl.create(self.nodes[:3], replicas=0)
        cl.agreed(self.nodes[:3])
        for n in self.nodes[3:]:
            self.join(n)
        shard.settled(self.nodes, 60)

    def join(self, n):
        first = self.nodes[0]
        n.connect().ok("CLUSTER", "MEET", first.ip, first.port, first.args[3])
        key = cl.myid(first)
        node.until(20, lambda: shard.ask(n, "CLUSTER", "REPLICATE", key) ==
                   ("simple", b"OK"), "it follows")

    # ---- what happens --------------------------------------------------

    def is_over(self):
        return all(shard.fields(n).get("master_failover_state") ==
                   "no-failover" for n in self.nodes)

    def over(self, at, begun):
        """Waits until the order is answered and nobody is held or busy."""
        with contextlib.suppress(node.Gone, TimeoutError):
            at.read(3)
        node.until(5, lambda: time.monotonic() > begun + HELD_MS / 1000)
        node.until(20, self.is_over, "the end of the failover")

    def parts(self):
        """{victim: node} when no failover goes on any more."""
        node.until(20, self.is_over, "the end of all failovers")

        def by_size():
            return sorted(shard.shards(self.nodes), key=lambda s: len(s.nodes))
        node.until(10, lambda: len(by_size()[-1].nodes) == 3,
                   "both replicas of one primary")
        found = by_size()
        new, sibling = self.random.sample(found[-1].replicas, 2)
        return {"old": found[-1].primary, "new": new, "sibling": sibling,
                "voter": found[0].primary}

    def harm(self, how, n, parts):
        """Does it; what takes it back, or waits for that; or None."""
        if how == "nothing":
            return None
        if how == "node":
            n.kill()
            return n.start
        if how == "stop":
            return self.stop(n)
        if how.startswith("cut"):
            others = [parts["new"].place] if how == "cut peer" else [
                o.place for o in self.nodes if o is not n]
            self.net.cut([n.place], others)
            return self.later(self.net.heal)
        with contextlib.suppress(node.Gone):
            n.hit(how)
        return None

    @staticmethod
    def later(act):
        """The act is done STOPPED_S from now; what waits for that."""
        timer = threading.Timer(STOPPED_S, act)
        timer.daemon = True
        timer.start()
        return timer.join

    def stop(self, n):
        """All processes stop, the supervisor first, as it would mend that."""
        pids = sorted(n.processes().items(), key=lambda p: p[0] != "supervisor")
        for _, pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

        def go_on():
            for _, pid in reversed(pids):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
        return self.later(go_on)

    def ask(self, parts, moment):
        """Orders the failover and waits for the moment; the connection."""
        at = parts["new"].connect(seconds=10)
        if isinstance(moment, int):
            at.send("CLUSTER", "FAILOVER")
            time.sleep(self.random.random() * DELAYS_MS / 1000)
            return at
        point, who = "failover-%s-done" % moment[0], parts[moment[1]]
        mark = "fault %s: holds" % point
        seen = who.log_count(mark)
        who.connect().ok("DEBUG", "FAULT", point, "hold", HELD_MS, "once")
        at.send("CLUSTER", "FAILOVER")
        try:
            node.until(5, lambda: who.log_count(mark) > seen, point)
        except AssertionError as e:
            raise AssertionError("%s: %s" % (e, shard.fields(
                parts["new"]).get("last_failover_reason")))
        return at

    # ---- what must hold ------------------------------------------------

    def epoch(self):
        """The highest that slots are owned under."""
        return max(int(w[6]) for w in cl.lines(self.nodes[0]).values())

    def run(self, cell):
        """One cell; AssertionError says what does not hold."""
        how, victim, moment = cell
        bound_ms, takes, may_err = HARMS[how]
        takes = takes and victim in ("old", "new")
        self.count += 1
        shard.settled(self.nodes, 20)
        parts, epoch = self.parts(), self.epoch()
        for n in parts["old"], parts["new"], parts["sibling"]:
            n.connect().ok("CONFIG", "SET", "min-replicas-to-ack", int(takes))
        # A node that dies as a whole has what its disk has.
        parts["voter"].connect().ok("CONFIG", "SET", "appendfsync",
                                    "always" if how == "node" else "everysec")
        load = shard.Load(self.nodes, writers=2, probe_us=2000, timeout_ms=300,
                          salt="c%d." % self.count)
        try:
            load.go()
            load.mark()
            ours = next(name for name, s in load.shards.items()
                        if len(s.nodes) == 3)
            with contextlib.closing(self.ask(parts, moment)) as at:
                begun = time.monotonic()
                undo = self.harm(how, parts[victim], parts)
                load.served(bound_ms / 1000 + 5, names=[ours])
                if undo:
                    undo()
                self.over(at, begun)
            shard.settled(self.nodes, 40)
            load.served(10)
            gaps = {ours: bound_ms} if victim == "voter" else dict.fromkeys(
                load.shards, bound_ms)
            if how == "nothing":
                assert shard.role(parts["new"]) == "master", "it did not happen"
            self.check(load, gaps, may_err, self.epoch() - epoch)
        finally:
            load.stop()

    def check(self, load, gaps_ms, may_err, epochs):
        load.hold()
        report, wrong = load.report(), load.wrong()
        assert not wrong, "keys are not what they must be: %r" % wrong[:3]
        for name, c in report.items():
            assert c.lost == c.extra == c.regressed == 0, (name, c)
            assert c.gap_ms < gaps_ms.get(name, c.gap_ms + 1) * node.SLOW, \
                (name, c)
            assert may_err or not c.errors, (name, c)
            assert c.switches <= epochs, (name, epochs, c)
        self.check_cluster()

    def check_cluster(self):
        """redis-cli --cluster check, from where it reaches all."""
        cl.check(self.nodes[0])

    def whole(self):
        """After a cell that failed: as if it had not been."""
        for n in self.nodes:
            for pid in n.processes().values():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
            if n.child.poll() is not None:
                n.start()
        if self.net:
            self.net.heal()
        shard.settled(self.nodes, 60)
