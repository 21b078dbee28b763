"""who is named, not numbered, is found without holding up a worker

The test is the resolver, and does not answer until the one worker has served
its clients for a while: the name of a primary, and MIGRATE's target.
"""

import os
import socket
import subprocess
import threading

import following as f
import netns
import node

CLONE_NEWNS = 0x20000


class Resolver(threading.Thread):
    """Hears questions for addresses; says what it was told to say."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        self.held, self.asked, self.lock = [], set(), threading.Lock()
        self.start()

    def run(self):
        while True:
            question, who = self.socket.recvfrom(512)
            at, words = 12, []
            while question[at]:
                words.append(question[at + 1:at + 1 + question[at]])
                at += 1 + question[at]
            with self.lock:
                self.held.append((question[:at + 5], who))
                self.asked.add(b".".join(words).decode())

    def has(self, name):
        """Somebody has asked for a name, and waits."""
        with self.lock:
            return name in self.asked

    def answer(self, is_known):
        """All that wait: 127.0.0.1, or that there is no such host."""
        with self.lock:
            for question, who in self.held:
                is_four = question[-4:-2] == b"\0\1"
                found = is_known and is_four
                self.socket.sendto(
                    question[:2] + (b"\x81\x80" if is_known else b"\x81\x83") +
                    b"\0\1\0" + bytes([found]) + b"\0\0\0\0" + question[12:] +
                    (b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4\x7f\0\0\1" if found
                     else b""), who)
            self.held.clear()
            self.asked.clear()


def be_alone():
    """Into namespaces of our own, where we are who knows names."""
    conf = os.path.join(os.getcwd(), "resolv.conf")
    with open(conf, "w") as out:
        out.write("nameserver 127.0.0.1\noptions timeout:30 attempts:1\n")
    try:
        netns._unshare()
        netns._check(netns._libc.unshare(CLONE_NEWNS))
        netns._ip(["link set lo up"])
        for words in (["--make-rprivate", "/"],
                      ["--bind", conf, "/etc/resolv.conf"]):
            subprocess.run(["mount"] + words, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as e:
        node.skip("no namespaces can be made here: %s" % e)


be_alone()
resolver = Resolver()
primary = node.Node("p", ["--repl-diskless-sync-delay", "0"], kind="redis")
primary.connect().ok("SET", "k", "v")
ours = node.Node("o", ["--workers", "1"], kind="almandined")
c, d = ours.connect(seconds=20), ours.connect(seconds=60)


def served_while_asked(name, is_known):
    """The worker serves while somebody's question is not answered."""
    node.until(20, lambda: resolver.has(name), "a question for " + name)
    for _ in range(50):
        c.ok("PING")
    assert resolver.has(name)
    resolver.answer(is_known)


# --- a primary -----------------------------------------------------------

assert c.ok("REPLICAOF", "none.test", 6379)[1] == b"OK"
served_while_asked("none.test", False)
node.until(30, lambda: ours.log_has("link to the primary: none.test: "),
           "the answer")
assert c.ok("REPLICAOF", "some.test", primary.port)[1] == b"OK"
served_while_asked("some.test", True)
f.linked(ours)
f.same(primary, ours)
for host in ("given-up.test", "localhost", "given-up.test"):
    assert c.ok("REPLICAOF", host, primary.port)[1] == b"OK"

# --- a target of MIGRATE -------------------------------------------------

assert c.ok("REPLICAOF", "no", "one")[1] == b"OK"
resolver.answer(False)
c.ok("SET", "moves", "x")
LOST = ("error", b"IOERR error or timeout connecting to the client")
for host, is_known, timeout, wanted in (
        ("none.test", False, 30000, LOST), ("other.test", None, 100, LOST),
        ("some.test", True, 30000, ("simple", b"OK"))):
    d.send("MIGRATE", host, primary.port, "moves", 0, timeout)
    if is_known is None:
        node.until(20, lambda: resolver.has(host), "a question")
        c.ok("PING")
    else:
        served_while_asked(host, is_known)
    assert d.read() == wanted, host
assert primary.connect().ok("GET", "moves") == ("bulk", b"x")
assert c.ok("EXISTS", "moves") == ("int", 0)
assert ours.stop() == 0
