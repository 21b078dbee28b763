"""a file of requests is loaded by all workers, as if by one

A random stream of all kinds - units of one worker and of several, keys of
several slots, whole databases that go or change places, SELECT inside units,
errors, annotations - is loaded by one worker, by four and by redis-server: the
data are equal.  Where it ends is told alike when its end is cut or something in
it is damaged.  A worker or control dies meanwhile: nothing is executed twice.
"""

# limit 120s

import os
import random
import re
import shutil

import killing
import node

SEED = int(os.environ.get("SEED", os.getpid()))
print("SEED=%d" % SEED)
rand = random.Random(SEED)
AOF = ["--appendonly", "yes"]
MANIFEST = b"file appendonly.aof.1.incr.aof seq 1 type i\n"
INCR = "appendonly.aof.1.incr.aof"


class Changes:
    """killing.Pair's changes, without its servers."""
    random, key = rand, killing.Pair.key
    change = killing.Pair.change


changes = Changes()


def key():
    return "k%d" % rand.randrange(2000)


def own():
    """A change of one key, most of which may not happen twice."""
    k, n = key(), rand.randrange(1000)
    return rand.choice((
        lambda: ("SET", k, "v%d" % n),
        lambda: ("INCR", "n" + k),
        lambda: ("APPEND", "a" + k, n),
        lambda: ("RPUSH", "l" + k, n, n + 1),
        lambda: ("LPOP", "l" + k),
        lambda: ("SADD", "s" + k, n),
        lambda: ("HINCRBY", "h" + k, n % 5, n),
        lambda: ("HINCRBY", k, n % 5, n),
        lambda: ("ZINCRBY", "z" + k, n, n % 5),
        lambda: ("PEXPIREAT", k, 4000000000000 + n),
        lambda: ("RENAME", "{t%d}a" % (n % 9), "{t%d}b" % (n % 9)),
        lambda: ("SET", "{t%d}a" % (n % 9), n),
    ))()


def cross():
    """One that touches several slots, or everything."""
    k, n = key(), rand.randrange(1000)
    return rand.choice((
        lambda: ("MSET", k, n, key(), n, "n" + key(), n),
        lambda: ("DEL", k, key(), "a" + key(), "l" + key()),
        lambda: ("RENAME", k, key()),
        lambda: ("SMOVE", "s" + k, "s" + key(), n),
        lambda: ("LMOVE", "l" + k, "l" + key(), "LEFT", "RIGHT"),
        lambda: ("SUNIONSTORE", "s" + k, "s" + key(), "s" + key()),
        lambda: ("ZUNIONSTORE", "z" + k, 2, "z" + key(), "z" + key()),
        lambda: ("COPY", k, key(), "DB", rand.randrange(3), "REPLACE"),
        lambda: ("SORT", "l" + k, "STORE", "l" + key()),
        lambda: ("SWAPDB", rand.randrange(3), rand.randrange(3)),
        lambda: ("MOVE", k, rand.randrange(3)),
        lambda: ("FLUSHDB",) if n < 60 else ("SET", k, n),
        lambda: ("FLUSHALL",) if n < 20 else ("SET", k, n),
    ))()


def unit():
    """A transaction: of one slot, of several, or in several databases."""
    tag = "{u%d}" % rand.randrange(50)
    kind = rand.randrange(4)
    yield ("MULTI",)
    for _ in range(rand.randrange(1, 6)):
        if kind == 0:
            c = cross()
            yield c if c[0] != "SWAPDB" else ("INCR", key())
        elif kind == 1:
            yield own()
        elif kind == 2 and rand.random() < 0.5:
            yield ("SELECT", rand.randrange(3))
        else:
            yield ("RPUSH", tag + "l", rand.randrange(9))
            yield ("INCR", tag + "n")
    yield ("EXEC",)


def stream(count):
    """Requests, sparse and dense in such as are not of one worker."""
    yield ("SELECT", 0)
    share = 0
    for i in range(count):
        if i % 500 == 0:
            share = rand.choice((0, 0.001, 0.005, 0.02, 0.5))
        r = rand.random()
        if r < share:
            yield cross()
        elif r < share * 1.1:
            yield changes.change()
        elif r < share * 1.1 + 0.02:
            yield from unit()
        elif r < share * 1.1 + 0.03:
            yield ("SELECT", rand.randrange(3))
        elif r < share * 1.1 + 0.035:
            yield "#TS:%d\r\n" % i
        else:
            yield own()


def encode(words):
    return words.encode() if isinstance(words, str) else node.encode(words)


def servers():
    for name, workers in (("one", "1"), ("four", "4"), ("redis", None)):
        if name == "redis" and not shutil.which("redis-server"):
            continue
        yield node.Node(name, AOF + (["--workers", workers] if workers else []),
                        kind="redis" if name == "redis" else "almandined",
                        start=False)


def put(n, text):
    where = os.path.join(n.dir, "appendonlydir")
    shutil.rmtree(where, ignore_errors=True)
    os.mkdir(where)
    for name, data in ((INCR, text), ("appendonly.aof.manifest", MANIFEST)):
        with open(os.path.join(where, name), "wb") as f:
            f.write(data)
    open(n.log, "w").close()


def info(c, name):
    return re.search(rb"\r\n%s:(.*)\r\n" % name.encode(),
                     c.ok("INFO", "persistence")[1]).group(1)


def is_loaded(n):
    try:
        return info(n.connect(), "loading") == b"0"
    except (node.Gone, AssertionError):
        return False


def has_begun(n):
    """Some of it is loaded, or all."""
    try:
        c = n.connect()
        return info(c, "loading") == b"0" or \
            int(info(c, "loading_loaded_bytes")) > 0
    except (node.Gone, AssertionError):
        return False


def digest(n):
    node.until(40, lambda: is_loaded(n), "the load of " + n.name)
    return n.connect().ok("DEBUG", "DIGEST")[1]


def outcome(n):
    """What a node makes of its file: the data or none, and what it says."""
    found = None
    try:
        n.start(seconds=30)
        found = digest(n)
        n.kill()
    except node.Gone:
        assert n.child.returncode == 1
    with open(n.log, encoding="utf-8") as f:
        said = re.findall(r"%s is (?:cut|damaged) at byte .*" % INCR, f.read())
    return found, said


parts = [encode(words) for words in stream(int(node.lasting(6000)))]
text = b"".join(parts)
nodes = list(servers())
one, four = nodes[:2]

# --- equal

got = {}
for n in nodes:
    put(n, text)
    n.start(seconds=40)
    got[n.name] = digest(n)
    if n.kind == "almandined":
        commands = re.search(r"loaded .*%s: (\d+) commands" % INCR,
                             n.log_tail(100))
        got[n.name + " commands"] = int(commands.group(1))
        n.kill()
    else:
        n.stop()
assert len({got[n.name] for n in nodes}) == 1, (SEED, got)
assert got["one commands"] == got["four commands"], (SEED, got)

# --- cut, or damaged

for i in range(int(node.lasting(3))):
    at = rand.randrange(len(text) // 2, len(text))
    bad = text[:at] if i % 2 == 0 else \
        text[:at] + bytes([text[at] ^ 1 << rand.randrange(8)]) + text[at + 1:]
    for n in (one, four):
        put(n, bad)
    assert outcome(one) == outcome(four), (SEED, at)
odd = text + encode(("SET", "k", 1)) + encode(("NONSENSE", "k")) + text
for n in (one, four):
    put(n, odd)
found, said = outcome(four)
assert (found, said) == outcome(one) and found is None, said
assert ("damaged at byte %d:" % (len(text) + len(encode(("SET", "k", 1))))
        ) in said[0], said

# --- deaths meanwhile



def dies_loading(name, text, expected):
    """Loads it, while one process dies; whether all was loaded again."""
    put(four, text)
    four.start(waits=False)
    node.until(10, lambda: name in four.processes(), name)
    node.until(20, lambda: has_begun(four), "the beginning of a load")
    four.hit(name)
    assert digest(four) == expected, (SEED, name)
    is_again = four.log_has("everything is loaded again")
    four.kill()
    return is_again


text *= 3
put(one, text)
expected, _ = outcome(one)
four.args += ["--respawn-limit", "0", "--stall-timeout", "0"]
again = 0
for _ in range(int(node.lasting(2))):
    again += dies_loading(rand.choice(("worker 0", "worker 1", "worker 3",
                                       "control")), text, expected)
# Control, while it works for the file: what it has done is not known.
swaps = b"".join(encode(("SET", "k%d" % i, i)) +
                 encode(("SWAPDB", i % 3, 3)) for i in range(3001))
put(one, swaps)
expected, _ = outcome(one)
again += dies_loading("control", swaps, expected)
print("loaded again %d times" % again)
assert again > 0 or node.LONG <= 1
