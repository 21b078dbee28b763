"""replica - one that a test plays itself: it acknowledges what it is told to

    f = replica.Replica(n)          follows node n, reads on in a thread
    f.ack()                         acknowledges all it has got
    f.ack(f.offset + 1000)          ... or what it never got
    f.prompt(True)                  from now on: all of it, at once
    f.asked                         how many GETACKs have come
    f.close()

Not here: replicas that keep data (redis-server: node.Node(..., "redis")).
"""

import socket
import threading

import node

GETACK = node.encode(["REPLCONF", "GETACK", "*"])


class Replica:
    """Has `offset`, the bytes it got counted from the stream's beginning."""

    def __init__(self, n, first=()):
        self.sock = socket.create_connection(("127.0.0.1", n.port), 10)
        self.sock.settimeout(10 * node.SLOW)
        self.lock, self.is_prompt, self.asked = threading.Lock(), False, 0
        self.stream = self.sock.makefile("rb", buffering=0)
        self.wire = b""
        self.is_over = False
        for words in [*first, ("REPLCONF", "listening-port", 1),
                      ("REPLCONF", "capa", "psync2")]:
            self.sock.sendall(node.encode(words))
            line = self._line()
            assert line == b"+OK", line
        self.sock.sendall(node.encode(["PSYNC", "?", "-1"]))
        self.offset = int(self._line().split()[2])
        left = int(self._line()[1:])
        while left > 0:
            left -= len(self.stream.read(min(left, 65536)))
        self.sock.settimeout(None)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        self.ack()

    def _line(self):
        """A line; empty ones keep the connection alive."""
        while True:
            text = b""
            while not text.endswith(b"\n"):
                one = self.stream.read(1)
                if not one:
                    raise node.Gone("no line from the primary")
                text += one
            if text.strip():
                return text.strip()

    def _read(self):
        while True:
            try:
                data = self.stream.read(65536)
            except OSError:
                data = b""
            if not data:
                self.is_over = True
                return
            with self.lock:
                self.offset += len(data)
                self.wire = (self.wire + data)[-100000:]
                seen = (self.wire[-len(data) - len(GETACK) + 1:]
                        ).count(GETACK)
                self.asked += seen
                if self.is_prompt:
                    self._send(self.offset)

    def _send(self, offset, kept=None):
        words = ["REPLCONF", "ACK", offset]
        if kept is not None:
            words += ["FACK", kept]
        try:
            self.sock.sendall(node.encode(words))
        except OSError:
            self.is_over = True

    def ack(self, offset=None, kept=None):
        """Acknowledges an offset; without one all it has got."""
        with self.lock:
            self._send(self.offset if offset is None else offset, kept)

    def prompt(self, is_prompt):
        """Whether it acknowledges everything as it comes."""
        with self.lock:
            self.is_prompt = is_prompt
            if is_prompt:
                self._send(self.offset)

    def reaches(self, offset, seconds=5):
        """Waits until it has got so much."""
        node.until(seconds, lambda: self.offset >= offset,
                   "offset %d at the replica" % offset)

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()
