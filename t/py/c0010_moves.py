"""slots are moved by hand between us and redis-server, both ways, while clients
write; processes of ours die meanwhile

What a client is told on the way - MOVED, ASK, TRYAGAIN - is word for word what
redis-server says in our place.  Every write is where its slot is afterwards,
once.
"""

# limit 180s

import random
import re
import threading

import clustering as cl
import node

random.seed(4)
nodes = cl.start(["almandined", "redis", "almandined"])
cl.create(nodes, replicas=0)
cl.agreed(nodes)
ids = {n.name: cl.myid(n) for n in nodes}
by_port = {n.port: n for n in nodes}


def slot_of(key):
    return nodes[1].connect().ok("CLUSTER", "KEYSLOT", key)[1]


# Tags by slot, some in each node's part.
tags = {}
for i in range(400):
    tags[slot_of("{t%d}" % i)] = "t%d" % i


def tags_of(n):
    """Slots of n for which there is a tag."""
    out = []
    for word in retry(lambda: cl.lines(n))[ids[n.name]][8:]:
        if not word.startswith("["):
            first, _, last = word.partition("-")
            out += [s for s in tags if int(first) <= s <= int(last or first)]
    return sorted(out)


def retry(what):
    """Does it until no process dies in the middle."""
    while True:
        try:
            return what()
        except node.Gone:
            pass


def setslot(n, slot, *words):
    retry(lambda: n.connect(seconds=30).ok("CLUSTER", "SETSLOT", slot, *words))


def migrate(source, target, slot, tries=50):
    """Moves what is there by MIGRATE, as redis-cli does."""
    c = source.connect(seconds=30)
    while True:
        try:
            keys = c.ok("CLUSTER", "GETKEYSINSLOT", slot, 10)[1]
            if not keys:
                return
            got = c.call("MIGRATE", "127.0.0.1", target.port, "", 0, 5000,
                         "REPLACE", "KEYS", *[k[1] for k in keys])
            assert got[0] == "simple", got
        except (node.Gone, TimeoutError):
            tries -= 1
            assert tries > 0
            node.until(10, source.is_up)
            c = source.connect(seconds=30)


def own(slot, owner):
    """Tells everybody whose the slot is now, that one first."""
    for n in [owner] + [n for n in nodes if n is not owner]:
        setslot(n, slot, "NODE", ids[owner.name])


def epochs_are_known():
    """Whether all know the config epochs of all: a redis-server that takes a
    slot under an epoch older than one of the giver's, of which it has not
    heard, gives it back to the giver's next message, for good."""
    told = [retry(lambda: {i: w[6] for i, w in cl.lines(n).items()})
            for n in nodes]
    return all(t == told[0] for t in told)


def move(source, target, slot):
    node.until(10, epochs_are_known, "epochs that all know")
    setslot(target, slot, "IMPORTING", ids[source.name])
    setslot(source, slot, "MIGRATING", ids[target.name])
    migrate(source, target, slot)
    own(slot, target)


# --- what clients are told ----------------------------------------------

def texts(source, target):
    """What both say while a slot goes from one to the other."""
    slot = tags_of(source)[0]
    tag = tags[slot]
    s, t = source.connect(), target.connect()
    here, gone, new = ["{%s}%s" % (tag, w) for w in ("here", "gone", "new")]
    out = []

    def say(c, *words):
        got = c.call(*words)
        text = repr(got).replace(str(source.port), "SOURCE")
        text = re.sub(r"\b%d\b" % slot, "SLOT", text)
        out.append((words[0], text.replace(str(target.port), "TARGET")
                    .replace(tag, "TAG")))

    def both(*words):
        for c in (s, t):
            say(c, *words)

    s.ok("MSET", here, 1, gone, 2)
    both("GET", here)
    setslot(target, slot, "IMPORTING", ids[source.name])
    setslot(source, slot, "MIGRATING", ids[target.name])
    s.ok("MIGRATE", "127.0.0.1", target.port, gone, 0, 5000)
    for words in (("GET", here), ("GET", gone), ("SET", new, 1),
                  ("MGET", here, gone), ("MGET", gone, new),
                  ("DEL", gone, here), ("EXISTS", new), ("PING",),
                  ("MGET", here, "{other}x")):
        both(*words)
    for words in (("GET", gone), ("GET", new), ("MGET", gone, new),
                  ("MGET", gone, here), ("SET", gone, 3), ("GET", gone)):
        t.ok("ASKING")
        say(t, *words)
    say(t, "GET", gone)
    for end in ("EXEC", "DISCARD"):
        t.ok("ASKING")
        for words in (("MULTI",), ("GET", gone), ("GET", gone), (end,)):
            say(t, *words)
        say(t, "GET", gone)
    for words in (("MULTI",), ("GET", here), ("EXEC",),
                  ("MULTI",), ("GET", gone), ("EXEC",),
                  ("MULTI",), ("GET", here), ("GET", gone), ("EXEC",),
                  ("WATCH", gone), ("WATCH", here), ("UNWATCH",),
                  ("MIGRATE", "127.0.0.1", 1, gone, 0, 100),
                  ("MIGRATE", "127.0.0.1", 1, "", 0, 100, "KEYS", gone, new),
                  ("DUMP", gone)):
        say(s, *words)
    migrate(source, target, slot)
    both("GET", here)
    own(slot, target)
    both("GET", here)
    both("MGET", here, gone)
    t.ok("DEL", here, gone)
    return out


ours, theirs = texts(nodes[0], nodes[1]), texts(nodes[1], nodes[2])
assert len(ours) == len(theirs)
for x, y in zip(ours, theirs):
    assert x == y, "%r is not %r" % (x, y)


# --- under load ----------------------------------------------------------

class Client(threading.Thread):
    """Counts keys of its own up and deletes them, wherever they are; goes where
    it is sent."""

    def __init__(self, number):
        super().__init__(daemon=True)
        self.keys = ["{%s}%d" % (tags[s], number) for s in busy]
        self.count = dict.fromkeys(self.keys, 0)
        self.conns, self.where, self.sent = {}, {}, {}
        self.stopped, self.why, self.done = False, None, 0
        self.start()

    def conn(self, port):
        if port not in self.conns:
            self.conns[port] = by_port[port].connect(seconds=30)
        return self.conns[port]

    def once(self, words, port, asks):
        """The reply, or None with where to go next."""
        c = self.conn(port)
        if asks:
            c.ok("ASKING")
        got = c.call(*words)
        word = got[1].split()[0] if got[0] == "error" else b""
        if word in (b"MOVED", b"ASK"):
            to = int(got[1].rpartition(b":")[2])
            if word == b"MOVED":
                self.where[words[1]] = to
            self.sent[word] = self.sent.get(word, 0) + 1
            return None, to, word == b"ASK"
        if word in (b"TRYAGAIN", b"CLUSTERDOWN"):
            return None, self.where.get(words[1], port), False
        return got, port, False

    def ask(self, *words):
        port, asks = self.where.get(words[1], nodes[0].port), False
        while True:
            try:
                got, port, asks = self.once(words, port, asks)
            except (node.Gone, TimeoutError):
                self.conns.pop(port, None)
                if words[0] != "GET":
                    return None
                continue
            if got is not None:
                return got

    def run(self):
        try:
            while not self.stopped:
                key = random.choice(self.keys)
                last = self.count[key]
                word = random.choice(["INCR", "INCR", "DEL"])
                got = self.ask(word, key)
                after = last + 1 if word == "INCR" else 0
                if got is None:
                    # Nobody said whether it happened.
                    got = self.ask("GET", key)
                    now = int(got[1]) if got[0] == "bulk" else 0
                    assert now in (last, after), (key, now, word, last)
                    after = now
                elif word == "INCR":
                    assert got == ("int", after), (key, got, last)
                else:
                    assert got == ("int", min(last, 1)), (key, got, last)
                self.count[key] = after
                self.done += 1
        except Exception as e:
            self.why = e


def verify(clients):
    for c in clients:
        assert c.why is None, c.why
        for key, count in c.count.items():
            got = c.ask("GET", key)
            assert got == (("bulk", b"%d" % count) if count else ("nil",)), \
                (key, got, count)


def run_moves(rounds, meanwhile=lambda n: None):
    for s in busy:
        c = next(x for x in nodes if s in tags_of(x)).connect(seconds=30)
        for i in range(4):
            c.ok("DEL", "{%s}%d" % (tags[s], i))
    clients = [Client(i) for i in range(4)]
    for n in range(rounds):
        slot = busy[n % len(busy)]
        source = next(x for x in nodes if slot in tags_of(x))
        target = random.choice([x for x in nodes if x is not source])
        meanwhile(n)
        move(source, target, slot)
        for c in clients:
            assert c.why is None, c.why
    for c in clients:
        c.stopped = True
    for c in clients:
        c.join()
    verify(clients)
    sent = [sum(c.sent.get(w, 0) for c in clients) for w in (b"MOVED", b"ASK")]
    print("%d writes; MOVED, ASK: %r" % (
        sum(c.done for c in clients), sent))
    return clients


busy = [tags_of(n)[i] for n in nodes for i in (1, 2, 3)]
for s in busy:
    owner = next(x for x in nodes if s in tags_of(x))
    c = owner.connect(seconds=30)
    for i in range(30):
        c.ok("SET", "{%s}still%d" % (tags[s], i), "v%d" % i)


def still():
    for s in busy:
        owner = next(x for x in nodes if s in tags_of(x))
        c = owner.connect(seconds=30)
        for i in range(30):
            assert c.ok("GET", "{%s}still%d" % (tags[s], i)) == \
                ("bulk", b"v%d" % i), (s, i)
        for n in nodes:
            if n is not owner:
                assert n.connect(seconds=30).ok(
                    "CLUSTER", "COUNTKEYSINSLOT", s) == ("int", 0), (s, n.name)


run_moves(18)
still()
# What the target has taken stays here for a while: time to delete it.
for n in (nodes[0], nodes[2]):
    n.connect().call("DEBUG", "FAULT", "move-taken", "hold", 3)
run_moves(9)
for n in (nodes[0], nodes[2]):
    n.connect().call("DEBUG", "FAULT", "move-taken", "off")
still()
for n in nodes:
    cl.check(n)


def kill(n):
    """A worker of one of ours dies."""
    victim = nodes[n % 2 * 2]
    victim.hit("worker %d" % (n // 2 % 2))


run_moves(12 * int(node.LONG), kill)
still()
for n in nodes:
    cl.check(n)
