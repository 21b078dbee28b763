"""EnsureReplication beside failovers: a stream that is dead afterwards is mended,
and nothing is done about one while a failover goes on, here or at the primary

The stream goes through a door.  Who comes while that is deaf is let in and never
answered, and the link's own patience is a minute: only a link that is begun anew
gets through when the door is open again.
"""

# limit 60s

import os
import signal
import socket
import threading

import clustering as cl
import node
import shard

# So long that nobody is missed who stands still for a moment.
cl.TIMEOUT_MS = int(6000 * node.SLOW)
LATE_MS = int(4000 * node.SLOW)


def cut(sockets):
    for s in sockets:
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Door:
    """Where others come to a node."""

    def __init__(self, n):
        self.to, self.pairs, self.is_deaf = n.port, [], False
        self.port = node.free_port()
        self.at = socket.create_server(("127.0.0.1", self.port), backlog=64)
        threading.Thread(target=self.admit, daemon=True).start()

    def admit(self):
        while True:
            one = self.at.accept()[0]
            pair = one, socket.socket()
            self.pairs.append(pair)
            if not self.is_deaf:
                self.join(*pair)

    def join(self, one, other):
        try:
            other.connect(("127.0.0.1", self.to))
        except OSError:
            one.close()
            return
        for a, b in (one, other), (other, one):
            threading.Thread(target=self.carry, args=(a, b),
                             daemon=True).start()

    @staticmethod
    def carry(a, b):
        try:
            while data := a.recv(1 << 16):
                b.sendall(data)
        except OSError:
            pass
        cut((a, b))

    def shut(self):
        """Ends all that goes through it; who comes now hears nothing, ever."""
        self.is_deaf = True
        for pair in self.pairs:
            cut(pair)

    def open(self):
        self.is_deaf = False


*nodes, sibling = cl.start(["almandined"] * 5, [
    "--workers", "1", "--cluster-replication-reestablishment-timeout", "1",
    "--cluster-require-full-coverage", "no", "--stall-timeout", "60000"])
cl.create(nodes[:3], replicas=0)
pair = [nodes[0], nodes[3]]
voters = nodes[1:3]
door = {n: Door(n) for n in pair}
for n in pair:
    n.connect().ok("CONFIG", "SET", "cluster-announce-port", door[n].port)
join = pair[1].connect()
join.ok("CLUSTER", "MEET", "127.0.0.1", nodes[0].port, nodes[0].bus)
node.until(10, lambda: join.call("CLUSTER", "REPLICATE", cl.myid(nodes[0])) ==
           ("simple", b"OK"), "a replica")
shard.settled(nodes)
key = "{%s}" % shard.shards(nodes)[0].tags(1)[0]


def attempts(n):
    return int(shard.fields(n)["replication_attempts"])


def says(n, field, value):
    return lambda: shard.fields(n).get(field) == value


def is_mended(primary, replica, value):
    """The stream goes on after a new link, and by no whole synchronisation."""
    before = attempts(replica)
    node.until(10, lambda: attempts(replica) > before, "an attempt")
    door[primary].open()
    node.until(10, says(replica, "master_link_status", "up"), "the stream")
    primary.connect().ok("SET", key, value)
    at = replica.connect()
    at.ok("READONLY")
    node.until(10, lambda: at.call("GET", key) == ("bulk", value.encode()),
               "the write")
    node.until(5, says(replica, "replication_last_reason", "the stream is up"),
               "a look")
    node.until(5, says(replica, "recover_status", "NoRecovery"), "the lock")
    shard.settled(nodes)


def breaks(primary, replica):
    assert shard.fields(replica)["master_port"] == str(door[primary].port)
    door[primary].shut()
    node.until(10, says(replica, "master_link_status", "down"), "a break")


# After one that was completed.
before = [attempts(n) for n in pair]
shard.take_over(pair[1])
pair.reverse()
primary, replica = pair
node.until(10, says(replica, "role", "slave"), "the old one follows")
shard.settled(nodes)
assert [attempts(n) for n in reversed(pair)] == before, "nothing was broken"
full = [shard.fields(n, "stats")["sync_full"] for n in nodes]
breaks(primary, replica)
is_mended(primary, replica, "completed")

# After one that was called off: the primary's control stands still.
last = shard.last_failover(replica)
pid = primary.halt("control")
assert shard.refusal(replica, "TIMEOUT", 300) is None
shard.ended(replica, last, "failover-aborted")
os.kill(pid, signal.SIGCONT)
shard.settled(nodes)
breaks(primary, replica)
is_mended(primary, replica, "aborted")

# While one goes on, which nobody votes for, the lock is the failover's.
breaks(primary, replica)
last = shard.last_failover(replica)
stopped = [n.halt("control") for n in voters]
assert shard.refusal(replica, "FORCE", "TIMEOUT", LATE_MS) is None
node.until(5, says(replica, "replication_last_reason",
                   "a failover is active here"), "a look")
before, looks = attempts(replica), 0
while True:
    f = shard.fields(replica)
    if f["master_failover_state"] == "no-failover":
        break
    assert f["recover_status"] == "ClusterFailover", f
    assert f["replication_attempts"] == str(before), f
    looks += 1
assert looks > 50, looks
for pid in stopped:
    os.kill(pid, signal.SIGCONT)
shard.ended(replica, last, "failover-aborted")
is_mended(primary, replica, "forced")
assert [shard.fields(n, "stats")["sync_full"] for n in nodes] == full

# While the primary holds its writes for another one, which does not get on.
if node.has_faults(sibling.connect()):
    join = sibling.connect()
    join.ok("CLUSTER", "MEET", "127.0.0.1", primary.port, primary.bus)
    node.until(10, lambda: join.call("CLUSTER", "REPLICATE", cl.myid(primary))
               == ("simple", b"OK"), "a sibling")
    nodes.append(sibling)
    shard.settled(nodes)
    point = "failover-syncing-decided"
    at = replica.connect()
    at.ok("DEBUG", "FAULT", point, "hold", 600000, "once")
    assert shard.refusal(replica, "TIMEOUT", LATE_MS) is None
    node.until(5, lambda: replica.log_has("fault %s: holds" % point))
    door[primary].shut()
    node.until(5, says(sibling, "replication_last_reason",
                       "the primary has paused its writes for a failover"),
               "a look")
    before, looks = attempts(sibling), 0
    while True:
        seen = attempts(sibling)
        if says(primary, "master_failover_state", "no-failover")():
            break
        assert seen == before
        looks += 1
    assert looks > 20, looks
    at.ok("DEBUG", "FAULT", point, "off")
    is_mended(primary, sibling, "sibling")
cl.check(nodes[1])

# What nobody changes is not written again.
files = [os.path.join(n.dir, "nodes.conf") for n in nodes]


def written():
    return [os.stat(f).st_ino for f in files]


def said():
    return min(int(cl.info(n, "cluster_stats_messages_sent")) for n in nodes)


def is_at_rest():
    """As long as each node has told each other one several times how it is."""
    before, start = written(), said()
    node.until(30, lambda: said() > start + 12 or written() != before)
    return written() == before


node.until(40, is_at_rest, "rest")
