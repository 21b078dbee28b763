"""feeding - a replica that tests play: it can stop at any point of its life

    r = feeding.Replica(n)            # PING, REPLCONF ...
    r.psync()                         # PSYNC ? -1: "full" or "continue"
    r.read_snapshot()                 # its bytes, in whichever form
    r.acknowledge()                   # REPLCONF ACK of what it has read
    r.read(1.0)                       # commands of the stream

Not here: one that reads by itself (replica.py), redis-server as a replica
(node.Node with --replicaof).
"""

import os
import select
import socket
import time

import node


class Replica:
    def __init__(self, n, capa=("eof", "psync2"), port=1234, seconds=10,
                 shakes=True):
        self.n, self.seconds = n, seconds * node.SLOW
        self.sock = socket.create_connection(("127.0.0.1", n.port),
                                             self.seconds)
        self.bytes = b""
        self.id, self.offset, self.form = None, 0, None
        self.db = 0
        if shakes:
            self.shake(capa, port)

    def shake(self, capa, port):
        assert self.ask("PING") == b"+PONG"
        assert self.ask("REPLCONF", "listening-port", port) == b"+OK"
        if capa:
            words = [w for c in capa for w in ("capa", c)]
            assert self.ask("REPLCONF", *words) == b"+OK"

    # --- bytes

    def send(self, *words):
        self.sock.sendall(node.encode(words))

    def more(self, seconds):
        """Some more bytes; False when nothing came."""
        if not select.select([self.sock], [], [], seconds)[0]:
            return False
        data = self.sock.recv(1 << 16)
        if not data:
            raise node.Gone("the primary closed the connection")
        self.bytes += data
        return True

    def need(self):
        if not self.more(self.seconds):
            raise TimeoutError("the primary says nothing")

    def line(self):
        """A line; empty ones keep the connection alive."""
        while True:
            while b"\n" not in self.bytes:
                self.need()
            line, _, self.bytes = self.bytes.partition(b"\n")
            line = line.rstrip(b"\r")
            if line:
                return line

    def ask(self, *words):
        self.send(*words)
        return self.line()

    def take(self, count):
        while len(self.bytes) < count:
            self.need()
        data, self.bytes = self.bytes[:count], self.bytes[count:]
        return data

    def close(self):
        self.sock.close()

    def is_closed(self, seconds):
        """Whether the primary closes within seconds."""
        end = time.monotonic() + seconds * node.SLOW
        try:
            while time.monotonic() < end:
                self.more(0.05)
                self.bytes = b""
        except (node.Gone, OSError):
            return True
        return False

    # --- a synchronisation

    def psync(self, id="?", offset=-1):
        """What the primary says: "full" or "continue"."""
        words = self.ask("PSYNC", id, offset).split()
        if words[0] == b"+CONTINUE":
            self.id = words[1].decode() if len(words) > 1 else id
            self.offset = offset - 1
            return "continue"
        assert words[0] == b"+FULLRESYNC", words
        self.id, self.offset = words[1].decode(), int(words[2])
        return "full"

    def again(self):
        """PSYNC from where it is."""
        return self.psync(self.id, self.offset + 1)

    def read_head(self):
        """The first line of the snapshot: its length or its mark."""
        head = self.line()
        if head.startswith(b"$EOF:"):
            self.form, self.mark = "eof", head[5:]
        else:
            assert head[:1] == b"$", head
            self.form, self.length = "length", int(head[1:])

    def read_snapshot(self):
        self.read_head()
        if self.form == "length":
            return self.take(self.length)
        while self.mark not in self.bytes:
            self.need()
        data, _, self.bytes = self.bytes.partition(self.mark)
        return data

    def acknowledge(self, offset=None):
        self.send("REPLCONF", "ACK", self.offset if offset is None else offset)

    # --- the stream

    def commands(self):
        """The commands that have come whole, which count."""
        found = []
        while self.bytes:
            if self.bytes[:1] == b"\n":
                self.bytes = self.bytes[1:]
                self.offset += 1
                continue
            used = self._whole()
            if used is None:
                break
            words, text = [], self.bytes[:used]
            at = text.index(b"\n") + 1
            while at < used:
                end = text.index(b"\r\n", at)
                count = int(text[at + 1:end])
                words.append(text[end + 2:end + 2 + count])
                at = end + 2 + count + 2
            self.bytes = self.bytes[used:]
            self.offset += used
            found.append(words)
        return found

    def _whole(self):
        """Bytes of the first command, None when it is cut."""
        at = self.bytes.find(b"\n")
        if at < 0:
            return None
        assert self.bytes[:1] == b"*", self.bytes[:60]
        for _ in range(int(self.bytes[1:at])):
            start = at + 1
            at = self.bytes.find(b"\n", start)
            if at < 0:
                return None
            at += int(self.bytes[start + 1:at]) + 2
            if at >= len(self.bytes):
                return None
        return at + 1

    def read_until(self, last, seconds=10):
        """Commands up to one whose words are `last`."""
        found, end = [], time.monotonic() + seconds * node.SLOW
        while time.monotonic() < end:
            for words in self.commands():
                found.append(words)
                if words == last:
                    return found
            self.more(0.05)
        raise AssertionError("%r did not come: %r" % (last, found[-9:]))


def follow(n, **args):
    """A replica that has its snapshot and reads the stream."""
    r = Replica(n, **args)
    assert r.psync() == "full"
    r.read_snapshot()
    r.acknowledge()
    return r


def save_as(data, directory, name="dump.rdb"):
    """The snapshot as a file."""
    path = os.path.join(directory, name)
    with open(path, "wb") as f:
        f.write(data)
    return path
