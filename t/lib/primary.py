"""primary - a primary that does what a test wants

It talks to one replica at a time, in a thread: what it answers to PING,
REPLCONF and PSYNC comes from a script, and so does what follows.
"""

import socket
import threading

import node
import resp

ID = "a" * 40
_ports = threading.Lock()


class Primary:
    """script(self, words) is called for each request of the replica and says
    what to send: bytes, or None for silence."""

    def __init__(self, script):
        with _ports:
            self.port = node.free_port()
        self.script, self.connections, self.heard = script, 0, []
        self.sock = None
        self.server = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                sock = self.server.accept()[0]
            except OSError:
                return
            self.connections += 1
            self.heard, self.sock = [], sock
            try:
                self._talk(sock)
            except OSError:
                pass
            sock.close()

    def _talk(self, sock):
        buf = bytearray()
        while True:
            data = sock.recv(65536)
            if not data:
                return
            buf += data.replace(b"\n", b"\r\n") if data == b"\n" else data
            while buf:
                if buf[:1] in b"\r\n":
                    del buf[:1]
                    continue
                try:
                    value, used = resp.parse(buf)
                except resp.Incomplete:
                    break
                del buf[:used]
                words = [w[1].decode() for w in value[1]]
                self.heard.append(words)
                answer = self.script(self, words)
                if answer:
                    sock.sendall(answer)

    def send(self, data):
        """Sends more, when it likes to."""
        self.sock.sendall(data)

    def acked(self):
        """The last offset that the replica has acknowledged, -1: none."""
        acks = [w for w in self.heard if w[:2] == ["REPLCONF", "ACK"]]
        return int(acks[-1][2]) if acks else -1


def script(psync, silent_at=None):
    """Talks as usual up to PSYNC, whose answer is given; silent_at: a word
    that is not answered."""
    def answer(_, words):
        if words[0] == silent_at or words[:2] == ["REPLCONF", "ACK"]:
            return None
        if words[0] == "PSYNC":
            return psync(words) if callable(psync) else psync
        return b"+PONG\r\n" if words[0] == "PING" else b"+OK\r\n"
    return answer


def fullresync(rdb, offset=1000, mark=None, behind=b""):
    """The answer with a whole snapshot in it."""
    head = b"+FULLRESYNC %s %d\r\n" % (ID.encode(), offset)
    if mark is not None:
        return head + b"$EOF:" + mark + b"\r\n" + rdb + mark
    return head + b"$%d\r\n" % len(rdb) + rdb + behind
