"""bus - messages of the cluster bus, good and bad, and a peer that says them

    data = bus.message(bus.PING, my_id, config_epoch=3, slots=[5])
    w = bus.Wire(n)                        a connection to a node's bus port
    w.say(data)
    f = bus.Fake(n)                        a node of its cluster, by its word

A Fake answers whatever it is asked with what it claims at that time; `own` has
kinds and payloads of what only nodes of our kind are told.

Not here: what a message means (cluster/), its form (proto/bus.h).
"""

import random
import socket
import struct
import threading

import node

PING, PONG, MEET, FAIL, PUBLISH, AUTH_REQUEST, AUTH_ACK, UPDATE = range(8)
OWN = 0x414c
HEADER = 2256
PRIMARY = 2


def some_id():
    return "".join(random.choice("0123456789abcdef") for _ in range(40))


def bits(slots):
    out = bytearray(2048)
    for s in slots:
        out[s >> 3] |= 1 << (s & 7)
    return bytes(out)


def gossip(name, ip="127.0.0.1", port=1, cport=10001, flags=PRIMARY):
    return struct.pack(">40sII46sHHHHH", name.encode(), 0, 0, ip.encode(),
                       port, cport, flags, 0, 0)


def extension(kind, text, length=None):
    body = text + b"\0" * (-len(text) % 8)
    return struct.pack(">IHH", 8 + len(body) if length is None else length,
                       kind, 0) + body


def message(kind, sender, body=b"", count=0, extensions=0, epoch=0,
            config_epoch=0, slots=(), primary=b"", ip=b"", port=1, cport=10001,
            flags=PRIMARY, version=1, length=None, marks=0,
            signature=b"RCmb", own=0):
    """One message; length and signature may be wrong.  own: of a node of our
    kind."""
    return struct.pack(
        ">4sIHHHHQQQ40s2048s40s46sH30sHHHBB2x", signature,
        HEADER + len(body) if length is None else length, version, port, kind,
        count, epoch, config_epoch, 0, sender.encode(), bits(slots), primary,
        ip, extensions, b"ALM" + bytes([own]) if own else b"", 0, cport, flags,
        0, marks) + body


def greeting(kind, sender, **fields):
    """A PING with gossip and a host name."""
    return message(kind, sender, gossip(some_id(), port=0, cport=0) +
                   extension(0, b"host.example\0"), count=1, extensions=1,
                   marks=4, **fields)


class Wire:
    """A connection to the bus of a node, from an address."""

    def __init__(self, n, source="127.0.0.1"):
        self.sock = socket.create_connection(
            (n.ip, n.bus), 5 * node.SLOW, source_address=(source, 0))

    def say(self, data):
        """False: it was closed meanwhile."""
        try:
            self.sock.sendall(data)
            return True
        except OSError:
            return False

    def hear(self):
        """The next message, b"" when it was closed."""
        try:
            head = self._exactly(8)
            return head + self._exactly(struct.unpack(">I", head[4:])[0] - 8)
        except OSError:
            return b""

    def _exactly(self, count):
        out = b""
        while len(out) < count:
            data = self.sock.recv(count - len(out))
            if not data:
                raise OSError("closed")
            out += data
        return out

    def is_closed(self, seconds=5):
        """Whether the other side closes it; what comes first is dropped."""
        self.sock.settimeout(seconds * node.SLOW)
        try:
            while self.sock.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
        return True

    def close(self):
        self.sock.close()


class Fake:
    """A peer that nodes take for one of theirs; it hears while `listens` is
    set."""

    def __init__(self, n):
        self.id, self.port, self.bus = some_id(), 1, node.free_port()
        self.claims = {}
        self.heard = []
        self.own = []
        self.listens = threading.Event()
        self.listens.set()
        self.listener = socket.create_server(("127.0.0.1", self.bus))
        threading.Thread(target=self._accept, daemon=True).start()
        self.wire = Wire(n)
        self.say(MEET)

    def make(self, kind, **fields):
        return message(kind, self.id, cport=self.bus,
                       **dict(self.claims, **fields))

    def say(self, kind, **fields):
        self.wire.say(self.make(kind, **fields))

    def say_own(self, kind, payload):
        self.say(OWN, body=struct.pack(">HHI", 1, kind, len(payload)) +
                 payload, own=1)

    def _accept(self):
        while True:
            sock, _ = self.listener.accept()
            wire = Wire.__new__(Wire)
            wire.sock = sock
            threading.Thread(target=self._answer, args=(wire,),
                             daemon=True).start()

    def _answer(self, wire):
        while True:
            self.listens.wait()
            data = wire.hear()
            if not data:
                return
            kind = struct.unpack(">H", data[12:14])[0]
            self.heard.append(kind)
            if kind == OWN:
                self.own.append((struct.unpack(">H", data[HEADER + 2:][:2])[0],
                                 data[HEADER + 8:]))
            if kind in (PING, MEET):
                wire.say(self.make(PONG))
