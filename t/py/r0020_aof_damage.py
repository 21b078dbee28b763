"""an append-only file that is not whole is cut or refused, never believed

A small one is cut at its bytes: the node has what was whole, cuts the rest off,
and says where; with aof-load-truncated no it refuses.  Bits are flipped: what
is not somebody's data is refused with the place, or is the end.  So with BASE
and manifest.
"""

# limit 150s

import os
import random
import shutil
import sys

import node

rand = random.Random(os.getpid())
ARGS = ["--workers", "1", "--shm-size", "32mb", "--appendonly", "yes"]
good = os.path.join(node.directory(), "good")
alm = node.Node("alm", ARGS, kind="almandined")
WHERE = os.path.join(alm.dir, "appendonlydir")
BASE, INCR = "appendonly.aof.1.base.rdb", "appendonly.aof.2.incr.aof"
UNITS = [[("SELECT", 0), ("SET", "k", "value")], [("INCR", "n")],
         [("MULTI",), ("RPUSH", "l", "a"), ("INCR", "n"), ("EXEC",)],
         [("SET", "last", "one")]]


def prepare():
    """Makes the good one: a BASE, and an INCR with UNITS."""
    c = alm.connect()
    c.ok("SET", "first", "1")
    c.ok("BGREWRITEAOF")
    node.until(10, lambda: alm.log_has("append-only file is rewritten"),
               "a rewrite")
    assert alm.stop() == 0
    shutil.copytree(WHERE, good)


def restore():
    shutil.rmtree(WHERE, ignore_errors=True)
    shutil.copytree(good, WHERE)


def begin(*args):
    """Starts it with what there is: a connection, or what it said."""
    open(alm.log, "w").close()
    alm.args = ARGS + list(args)
    try:
        alm.start()
        return alm.connect(), alm.log_tail(30)
    except node.Gone:
        assert alm.child.returncode == 1
        return None, alm.log_tail(30)


def digest_of(c):
    return c.ok("DEBUG", "DIGEST")[1]


def put(name, data):
    with open(os.path.join(WHERE, name), "wb") as f:
        f.write(data)


def get(name):
    with open(os.path.join(WHERE, name), "rb") as f:
        return f.read()


prepare()
text, ends, digests, structure = b"", [0], [], set()
for unit in UNITS:
    for words in unit:
        encoded, at = node.encode(words), len(text)
        text += encoded
        # What is not data: everything but the arguments' own bytes.
        structure |= set(range(at, len(text)))
        for word in map(str, words):
            at = text.index(word.encode() + b"\r\n", at)
            structure -= set(range(at, at + len(word)))
    ends.append(len(text))
for n in ends:
    restore()
    put(INCR, text[:n])
    c, said = begin()
    digests.append(digest_of(c))
    alm.kill()
assert len(set(digests)) == len(ends)

# Cut.
cuts = [n for n in range(1, len(text)) if n not in ends]
if node.LONG <= 1:
    cuts = rand.sample(cuts, 40) + [n + d for n in ends[1:-1] for d in (-1, 1)]
for n in cuts:
    whole = max(e for e in ends if e <= n)
    restore()
    put(INCR, text[:n])
    c, said = begin()
    assert c is not None, (n, said)
    assert digest_of(c) == digests[ends.index(whole)], n
    # (SELECT is one request, and the one that follows another.)
    at = len(node.encode(("SELECT", 0))) if whole == 0 and \
        n >= len(node.encode(("SELECT", 0))) else whole
    assert "cut at byte %d:" % at in said or at == n, (n, said)
    # What is written then follows what was whole.
    c.ok("SET", "more", n)
    now = digest_of(c)
    assert alm.stop() == 0
    assert get(INCR).startswith(text[:at])
    c, said = begin("--aof-load-truncated", "no")
    assert digest_of(c) == now
    alm.kill()
for n in rand.sample(cuts, 5):
    if n == len(node.encode(("SELECT", 0))):
        continue
    restore()
    put(INCR, text[:n])
    c, said = begin("--aof-load-truncated", "no")
    assert c is None and "is damaged at byte" in said and \
        "aof-load-truncated" in said, (n, said)
    assert get(INCR) == text[:n]

# Flipped.
KNOWN = {b"select": (2, 2), b"set": (3, 99), b"incr": (2, 2), b"multi": (1, 1),
         b"rpush": (3, 99), b"exec": (1, 1)}


def request(data, at):
    """The request there: its words and its end; None: it is cut.  Raises
    ValueError when it is none, byte for byte."""
    def number(kind):
        nonlocal at
        end = data.find(b"\r", at)
        if end < 0 or end + 1 == len(data):
            return None
        n = data[at + 1:end]
        if data[at:at + 1] != kind or not n.isdigit() or \
                n != b"%d" % int(n) or int(n) >= 1 << 31:
            raise ValueError
        at = end + 2
        return int(n)

    words, feeds = [], []
    if data[at:at + 1] != b"*" and b"\n" not in data[at:]:
        return None
    count = number(b"*")
    if count == 0:
        raise ValueError
    feeds.append(at)
    for _ in range(count or 0):
        if at == len(data):
            return None
        n = number(b"$")
        if n is None or len(data) < at + n + 2:
            return None
        words.append(data[at:at + n])
        feeds.append(at)
        at += n + 2
        feeds.append(at)
    if count is None:
        return None
    # Who reads sees only then what the lines end with.
    if any(data[e - 2:e] != b"\r\n" for e in feeds):
        raise ValueError
    return words, at


def follows(data, at):
    """Whether whole requests come behind what seems to be cut."""
    for at in range(at + 1, len(data) - 1):
        found, end = 0, at
        while data[at - 1:at + 1] == b"\n*" and found < 2 and end < len(data):
            try:
                words, end = request(data, end) or ([b""], end)
            except ValueError:
                break
            if words[0].lower() not in KNOWN:
                break
            found += 1
        if found == 2 or (found and end == len(data)):
            return True
    return False


def judge(data):
    """What the node has to say of a file: how it ends, and where."""
    at, unit = 0, None
    while at < len(data):
        kept = at if unit is None else unit
        try:
            got = request(data, at)
        except ValueError:
            return "damaged", kept
        if got is None:
            return "damaged" if follows(data, at) else "cut", kept
        words, end = got
        name = words[0].lower()
        least, most = KNOWN.get(name, (99, 0))
        if not least <= len(words) <= most or (unit is None and
                                               name == b"exec") or (
                unit is not None and name == b"multi"):
            return "damaged", kept
        if name == b"multi":
            unit = at
        elif name == b"exec":
            unit = None
        at = end
    return ("cut", unit) if unit is not None else ("whole", at)


assert judge(text) == ("whole", len(text))
told = {"damaged": 0, "cut": 0, "whole": 0}
flips = [(i, b) for i in range(len(text)) for b in range(8)]
for i, b in flips if node.LONG > 8 else rand.sample(flips, 60):
    data = text[:i] + bytes([text[i] ^ 1 << b]) + text[i + 1:]
    how, at = judge(data)
    restore()
    put(INCR, data)
    c, said = begin()
    where = {"damaged": "%s is damaged at byte %d:" % (INCR, at),
             "cut": "%s is cut at byte %d:" % (INCR, at)}.get(how)
    assert (c is None) == (how == "damaged") and (
        where in said if where else INCR + " is " not in said), (
        i, b, data, how, at, said)
    told[how] += 1
    if how == "cut":
        assert digest_of(c) == digests[ends.index(at)], (i, b)
    elif how == "whole":
        assert i not in structure, (i, b, data)
    if c is not None:
        alm.kill()
assert told["damaged"] > 20, told

# BASE and manifest.  A BASE that is named so is a snapshot, whatever is left.
for name in (BASE, "appendonly.aof.manifest"):
    restore()
    data = get(name)
    for i in rand.sample(range(len(data)), 6) + [0]:
        put(name, data[:i] + bytes([data[i] ^ 1 << rand.randrange(8)]) +
            data[i + 1:])
        c, said = begin()
        assert c is None and "%s is damaged " % name in said and (
            " line " in said or " byte " in said), (name, i, said)
    for n in rand.sample(range(len(data)), 3) + [0, 1, 4, 5]:
        put(name, data[:n])
        c, said = begin()
        assert c is None and "is damaged" in said, (name, n, said)
    os.remove(os.path.join(WHERE, name))
    if name == BASE:
        c, said = begin()
        assert c is None and "which the manifest lists" in said, said

# A file is missing in the middle.
restore()
alm.args = ARGS
alm.start()
c = alm.connect()
if not node.has_faults(c):
    sys.exit(0)
for n in (3, 4):
    c.ok("SET", "k%d" % n, n)
    c.ok("DEBUG", "FAULT", "save-write", "error", "once")
    open(alm.log, "w").close()
    c.ok("BGREWRITEAOF")
    node.until(10, lambda: alm.log_has("snapshot .* failed"), "a failure")
    node.until(10, lambda: b"aof_rewrite_in_progress:0" in
               c.ok("INFO", "persistence")[1], "its end")
c.ok("SET", "k5", 5)
now = digest_of(c)
assert alm.stop() == 0
names = sorted(n for n in os.listdir(WHERE) if "incr" in n)
assert len(names) == 3, names
c, said = begin()
assert digest_of(c) == now
assert alm.stop() == 0
# (A rewrite that fails early leaves its file empty, and the one before goes on.)
name = [n for n in names[:-1] if get(n)][-1]
data = get(name)
put(name, data[:-5])
c, said = begin()
assert c is None and "is damaged at byte" in said, said
whole = data[:data.rindex(b"*3")]
put(name, whole)
c, said = begin()
assert c is None and "something is missing" in said, said
