"""values of all types and forms go from redis-server to us and back by DUMP
and RESTORE, and the other way; both say afterwards what they have

redis-server looks into every payload (sanitize-dump-payload yes).  Streams go
through us as they are."""

# limit 120s

import os
import random
import struct

import killing
import node

SEED = int(os.environ.get("DUMP_SEED", "1"))
print("DUMP_SEED=%d" % SEED)
random.seed(SEED)
ours = node.Node("ours", ["--enable-debug-command", "yes"], kind="almandined")
theirs = node.Node("theirs", kind="redis")
a, b = ours.connect(seconds=30), theirs.connect(seconds=30)
assert b.ok("CONFIG", "SET", "sanitize-dump-payload", "yes")


def integer():
    bits = random.choice([3, 7, 8, 12, 13, 15, 16, 23, 24, 31, 32, 63])
    return b"%d" % (random.choice([-1, 1]) * random.getrandbits(bits))


def text():
    size = random.choice([0, 1, 5, 20, 21, 63, 64, 65, 90, 300])
    if random.random() < 0.3:
        return random.randbytes(size)
    return bytes(random.choice(b"ab") for _ in range(size))


def anything():
    return random.choice([integer, text, integer, lambda: b"007",
                          lambda: b"9223372036854775808"])()


def score():
    return random.choice(
        [b"%d" % random.randrange(-20, 20), b"%r" % random.gauss(0, 1e6),
         b"inf", b"-inf", b"1e300", b"0.1", b"4611686018427387904",
         b"-9007199254740993", integer()])


def different(make, count):
    found = {make() for _ in range(count)}
    return sorted(found, key=lambda _: random.random())


def count():
    return random.choice([1, 2, 5, 13, 50, 127, 128, 129, 513, 3000])


def commands(key):
    """What makes one value, of a random type and size."""
    kind, n = random.randrange(6), count()
    make = random.choice([integer, text, anything])
    if kind == 0:
        big = random.random() < 0.1
        return [["SET", key, anything() if not big else
                 bytes(random.choice(b"xyz") for _ in range(200000))]]
    if kind == 1:
        items = [make() for _ in range(n)]
        if random.random() < 0.2:
            items.append(random.randbytes(random.choice([9000, 100000])))
        return [["RPUSH", key] + items]
    if kind == 2:
        return [["SADD", key] + different(make, n)]
    if kind == 3:
        return [["ZADD", key] + [w for m in different(make, n)
                                 for w in (score(), m)]]
    if kind == 4:
        return [["HSET", key] + [w for f in different(make, n)
                                 for w in (f, make())]]
    return [["SET", key, integer()], ["EXPIRE", key, "1000"]]


def digest(c, key):
    got = c.call("DEBUG", "DIGEST-VALUE", key)
    assert got[0] == "array", got
    return got[1][0]


def dump(c, key):
    got = c.call("DUMP", key)
    assert got[0] == "bulk", (key, got)
    return got[1]


def same(key):
    x, y = digest(a, key), digest(b, key)
    assert x == y, "%s: %s here, %s there: %r" % (
        key, x, y, b.call("OBJECT", "ENCODING", key))


def there_and_back(c, d, key):
    """From c, which has the key, to d and back."""
    ttl = "0" if c.call("TTL", key) == ("int", -1) else "1000000"
    got = d.call("RESTORE", key, ttl, dump(c, key), "REPLACE")
    assert got == ("simple", b"OK"), (key, got)
    same(key)
    before = digest(c, key)
    got = c.call("RESTORE", key, ttl, dump(d, key), "REPLACE")
    assert got == ("simple", b"OK"), (key, got)
    assert digest(c, key) == before, key


for i in range(600):
    key = "k%d" % (i % 40)
    home, other = random.choice([(a, b), (b, a)])
    if i % 50 == 0:
        assert b.ok("CONFIG", "SET", "rdbcompression",
                    random.choice(["yes", "no"]))
        fill = random.choice(["-2", "-1", "-5", "3", "128"])
        for c in (a, b):
            assert c.ok("CONFIG", "SET", "list-max-listpack-size", fill)
    home.call("DEL", key)
    for words in commands(key):
        got = home.call(*words)
        assert got[0] != "error", (words[:3], got)
    there_and_back(home, other, key)

# What is small here and there stays so.
for words, encodings in (
        (["HSET", "e", "f", "v", "g", "5"], {b"listpack"}),
        (["SADD", "e", "1", "2", "70000"], {b"intset"}),
        (["SADD", "e", "a", "b"], {b"listpack", b"hashtable"}),
        (["ZADD", "e", "1", "a", "2.5", "b"], {b"listpack"}),
        (["RPUSH", "e", "1", "a"], {b"listpack", b"quicklist"}),
        (["SET", "e", "5"], {b"int"}), (["SET", "e", "five"], {b"embstr"})):
    for home, other in ((a, b), (b, a)):
        home.call("DEL", "e"), other.call("DEL", "e")
        home.call(*words)
        there_and_back(home, other, "e")
        for c in (home, other):
            assert c.call("OBJECT", "ENCODING", "e")[1] in encodings, words

# Streams: with groups, consumers, what is pending, what was deleted.
for size in (0, 1, 250):
    key = "s%d" % size
    for i in range(size):
        b.call("XADD", key, "%d-%d" % (i + 1, i), "f%d" % (i % 3), "v" * i)
    b.call("XGROUP", "CREATE", key, "g", "0", "MKSTREAM")
    b.call("XGROUP", "CREATE", key, "h", "$")
    for i in range(min(size, 5)):
        b.call("XREADGROUP", "GROUP", "g", "c%d" % i, "COUNT", "3", "STREAMS",
               key, ">")
    if size > 1:
        b.call("XDEL", key, "2-1", "100-99")
    full = b.call("XINFO", "STREAM", key, "FULL", "COUNT", "0")
    payload = dump(b, key)
    assert a.ok("RESTORE", key, "0", payload)
    assert a.call("TYPE", key) == ("simple", b"stream")
    assert a.call("OBJECT", "ENCODING", key) == ("bulk", b"stream")
    assert dump(a, key) == payload
    assert a.ok("RENAME", key, "t")
    assert a.call("COPY", "t", key) == ("int", 1)
    assert digest(a, "t") == digest(a, key)
    same(key)
    assert a.call("GET", key)[1].startswith(b"WRONGTYPE")
    assert a.call("MEMORY", "USAGE", key)[1] >= len(payload) - 11
    assert b.ok("RESTORE", key, "0", dump(a, key), "REPLACE")
    assert b.call("XINFO", "STREAM", key, "FULL", "COUNT", "0") == full
    assert a.call("DEL", "t") == ("int", 1)


# Bytes that were changed on the way, with a check sum that is right again.
def crc64(data):
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x95ac9329ac4bc9b5 if crc & 1 else 0)
    return crc


refused = taken = 0
for i in range(400):
    words = commands("m")[0]
    if sum(map(len, words)) > 2000:
        continue
    b.call("DEL", "m")
    b.call(*words)
    payload = bytearray(dump(b, "m")[:-8])
    for _ in range(random.randrange(1, 4)):
        payload[random.randrange(len(payload) - 2)] = random.randrange(256)
    payload += struct.pack("<Q", crc64(payload))
    got = a.call("RESTORE", "m", "0", bytes(payload), "REPLACE")
    if got == ("simple", b"OK"):
        taken += 1
        digest(a, "m"), dump(a, "m")
        assert a.call("DEL", "m") == ("int", 1)
    else:
        assert got == ("error", b"ERR Bad data format"), got
        refused += 1
print("%d damaged payloads refused, %d still made sense" % (refused, taken))
assert refused > 50

# What replicas are told: when it ends, not how long it lives.
def logged(*words):
    info = a.call("INFO", "replication")[1].decode()
    at = info.split("master_repl_offset:")[1].split()[0]
    assert a.ok(*words)
    return a.call("DEBUG", "BACKLOG", at)[1]


five = b"\x00\xc0\x05\n\x00c/_f\x83/\xb3Q"
told = logged("RESTORE", "log", "0", five)
assert told.endswith(node.encode(
    ["RESTORE", "log", "0", five, "REPLACE", "ABSTTL"])), told
told = logged("RESTORE", "log", "100000", five, "REPLACE")
at = a.call("PEXPIRETIME", "log")[1]
assert told == node.encode(
    ["RESTORE", "log", str(at), five, "REPLACE", "ABSTTL"]), told
told = logged("RESTORE", "log", "5", five, "REPLACE", "ABSTTL")
assert told == node.encode(["DEL", "log"]), told

# Nothing of what was refused half way is left.
killing.sound(a.ok)
