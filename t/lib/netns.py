"""netns - hosts of their own for nodes, and a wire between them that is cut

    net = netns.Net()                       # skips where it may not be made
    a, b, c = [net.host() for _ in range(3)]
    n = node.Node("n", ["--cluster-enabled", "yes"], place=a)
    nodes = cl.start(["almandined"] * 3, places=[a, b, c])

    net.cut([a], [b, c])                    # nothing arrives, nobody is told
    net.cut([a], [b, c], "refused")         # connections are reset, refused
    net.cut([a], [b, c], one_way=True)      # what a sends is lost
    net.unplug(a)                           # a has no carrier
    net.heal()                              # everything is whole again

The test's process gets a network namespace with a bridge in it, each host one
with a veth pair to that bridge.  They have no names and no files: with the
processes of the test they are gone, however these end.

A test reaches every node at all times, cut away or not: n.connect() connects
from n's own host.  Programs that a test runs (redis-cli) are on the wire; no
cut() is between them and a host, unplug() is.

Neighbours are known from the beginning and nobody asks for them, so a cut is
one wrong address of the link layer (silent), or the other's address taken by
the host itself (refused): pairs of hosts are cut, in one or both directions,
without a packet filter.

Not here: starting nodes (node.py), clusters of them (clustering.py).
"""

import contextlib
import ctypes
import os
import subprocess

import node

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
NOWHERE = "02:00:00:00:ff:ff"

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _unshare():
    """Into a namespace of our own; as root of a user namespace when we may
    not otherwise."""
    try:
        _check(_libc.unshare(CLONE_NEWNET))
    except PermissionError:
        uid, gid = os.getuid(), os.getgid()
        _check(_libc.unshare(CLONE_NEWUSER | CLONE_NEWNET))
        for name, text in (("setgroups", "deny"), ("uid_map", "0 %d 1" % uid),
                           ("gid_map", "0 %d 1" % gid)):
            with open("/proc/self/" + name, "w") as f:
                f.write(text)


def _here():
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _ip(lines):
    """Commands for ip(8), one on each line."""
    done = subprocess.run(["ip", "-batch", "-"], input="\n".join(lines) + "\n",
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError("ip: " + done.stderr.strip())


class Host:
    """A namespace with one address; what node.Node takes as its place."""

    def __init__(self, net, number):
        self.net, self.number = net, number
        self.ip = "10.77.0.%d" % number
        self.ip6 = "fd77::%x" % number
        self.mac = "02:00:00:00:00:%02x" % number
        self.fd = None

    @contextlib.contextmanager
    def inside(self):
        """This thread, and what it starts, is on the host."""
        _check(_libc.setns(self.fd, CLONE_NEWNET))
        try:
            yield
        finally:
            _check(_libc.setns(self.net.fd, CLONE_NEWNET))

    def ips(self):
        return (self.ip, 32), (self.ip6, 128)

    def knows(self, other, mac=None):
        """Lines that say behind which address of the link another is."""
        return ["neigh replace %s lladdr %s dev eth0 nud permanent"
                % (ip, mac or other.mac) for ip, _ in other.ips()]


class Net:
    def __init__(self):
        try:
            _unshare()
            self.fd = _here()
            self.hosts, self.undo = [], []
            # The test's own end of the wire.
            self.wire = Host(self, 254)
            _ip(["link set lo up", "link add eth0 address %s type bridge"
                 % self.wire.mac] + self._up(self.wire))
            # A kernel may know bridges and no veth pairs, or the other way.
            self.host()
        except OSError as e:
            node.skip("no network namespaces can be made here: %s" % e)
        self.spare = self.hosts.pop()

    @staticmethod
    def _up(host):
        return ["link set eth0 arp off up", "addr add %s/24 dev eth0" % host.ip,
                "addr add %s/64 dev eth0 nodad" % host.ip6]

    def host(self):
        """One more host on the wire."""
        if getattr(self, "spare", None):
            host, self.spare = self.spare, None
            self.hosts.append(host)
            return host
        host = Host(self, len(self.hosts) + 1)
        _check(_libc.unshare(CLONE_NEWNET))
        host.fd = _here()
        try:
            _ip(["link set lo up"])
        finally:
            _check(_libc.setns(self.fd, CLONE_NEWNET))
        others = [self.wire] + self.hosts
        _ip(["link add veth%d type veth peer name eth0 address %s netns "
             "/proc/%d/fd/%d" % (host.number, host.mac, os.getpid(), host.fd),
             "link set veth%d master eth0 up" % host.number]
            + self.wire.knows(host))
        with host.inside():
            _ip(self._up(host) + [line for other in others
                                  for line in host.knows(other)])
        for other in self.hosts:
            with other.inside():
                _ip(other.knows(host))
        self.hosts.append(host)
        return host

    def _do(self, host, lines, undo):
        with host.inside():
            _ip(lines)
        self.undo.append((host, undo))

    def _cut(self, host, others, how):
        if how == "silent":
            self._do(host,
                     [x for o in others for x in host.knows(o, NOWHERE)],
                     [x for o in others for x in host.knows(o)])
        elif how == "refused":
            own = ["addr %%s %s/%d dev lo" % ip for o in others
                   for ip in o.ips()]
            self._do(host, [x % "add" for x in own], [x % "del" for x in own])
        else:
            raise ValueError(how)

    def cut(self, some, others, how="silent", one_way=False):
        """No host of `some` reaches one of `others`, nor, unless one_way, the
        other way round."""
        for host in some:
            self._cut(host, others, how)
        if not one_way:
            for host in others:
                self._cut(host, some, how)

    def unplug(self, host):
        """Nobody reaches it, not even the test's redis-cli."""
        _ip(["link set veth%d down" % host.number])
        self.undo.append((None, ["link set veth%d up" % host.number]))

    def heal(self):
        """Takes back everything that was cut or unplugged."""
        while self.undo:
            host, lines = self.undo.pop()
            with host.inside() if host else contextlib.nullcontext():
                _ip(lines)
