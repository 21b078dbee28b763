"""a primary is cut off without a word: it stops before it is replaced

Both nodes of the shard are written to all the time, directly.  What the one that
is cut off acknowledges ends with its lease, at most a second after the cut, and
before the replica acknowledges anything; the majority has elected the replica
half a second after the node timeout, and a little.  Then the wire is whole
again: the old primary follows, and had never refused with anything but silence
or an error.
"""

# limit 60s

import threading
import time

import clustering as cl
import netns
import node
import shard

LEASE_S = 1.0                         # of a node timeout of two seconds
SLACK_S = 1.0 * node.SLOW             # the machine may be busy


class Probe(threading.Thread):
    """Writes to one node until it is told to end; when it was answered OK."""

    def __init__(self, n):
        super().__init__(daemon=True)
        self.node, self.oks, self.others = n, [], set()
        self.ends = threading.Event()
        self.start()

    def run(self):
        c = None
        while not self.ends.is_set():
            try:
                c = c or self.node.connect(seconds=1)
                answer = c.call("SET", "{0}probe", "x")
            except (node.Gone, OSError, TimeoutError):
                c = None
                continue
            if answer[0] == "error":
                self.others.add(answer[1].decode().split()[0])
                self.ends.wait(0.002)
            else:
                self.oks.append(time.monotonic())

    def last(self):
        return self.oks[-1] if self.oks else 0


net = netns.Net()
hosts = [net.host() for _ in range(6)]
nodes = cl.start(["almandined"] * 6, ["--workers", "1"], places=hosts)
cl.create(nodes, replicas=1)
shard.settled(nodes)
key = shard.slot_of("0")
old = next(n for n in nodes[:3] if key in shard.ranges(
    cl.lines(n)[cl.myid(n)][8:]))
new = next(n for n in nodes[3:] if cl.lines(n)[cl.myid(n)][3] == cl.myid(old))
node.until(5, lambda: cl.info(old, "cluster_write_lease") == "held")
assert int(cl.info(old, "cluster_write_lease_wanted")) == 2
assert 0 < int(cl.info(old, "cluster_write_lease_left_ms")) <= 1000

probes = [Probe(old), Probe(new)]
node.until(10, lambda: len(probes[0].oks) > 100)
lost = int(cl.info(old, "cluster_write_lease_lost"))
place = hosts[nodes.index(old)]
cut = time.monotonic()
net.cut([place], [h for h in hosts if h is not place])
node.until(3, lambda: cl.info(old, "cluster_write_lease") == "lost")
assert cl.info(old, "cluster_write_lease_left_ms") == "0"
node.until(10, lambda: probes[1].oks)
stopped, elected = probes[0].last() - cut, probes[1].oks[0] - cut
print("acknowledged for %d ms, by the replica after %d ms" % (
    stopped * 1000, elected * 1000))
assert stopped < LEASE_S + SLACK_S / 2, stopped
assert stopped < elected, (stopped, elected)
assert elected < cl.TIMEOUT_MS / 1000 + 0.5 + SLACK_S, elected
assert shard.role(new) == "master"
# Nothing is acknowledged on both sides, however long it takes.
node.until(8, lambda: "CLUSTERDOWN" in probes[0].others)
assert probes[0].last() - cut == stopped
assert int(cl.info(old, "cluster_write_lease_lost")) == lost + 1

net.heal()
shard.settled(nodes)
assert shard.role(old) == "slave" and shard.role(new) == "master"
node.until(5, lambda: "MOVED" in probes[0].others)
assert probes[0].last() - cut == stopped
for p in probes:
    p.ends.set()
cl.check(nodes[0])
