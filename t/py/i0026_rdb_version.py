"""rdb-version: what goes out in version 10 of the format, and what in 11

Files, the BASE of a rewrite, full syncs and payloads of DUMP say the version,
and have the forms of Redis 7.2 only in 11: small sets of text as listpacks,
long list elements as they are, streams of the third kind.  Payloads are held
against bytes made here, by the description of the format; redis-server 7.0 and
its tools take 10.
"""

# limit 60s

import os
import random
import shutil
import struct
import subprocess

import following
import node

LONG = random.Random(26).randbytes(9000)   # nothing to compress


def crc64(data):
    """As RDB has it: reflected, from 0, no final xor."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x95ac9329ac4bc9b5 if crc & 1 else 0)
    return crc


def payload(body, version):
    body += struct.pack("<H", version)
    return body + struct.pack("<Q", crc64(body))


def string(data):
    """A string with its length; none of ours is compressed."""
    n = len(data)
    return (bytes([n]) if n < 64 else struct.pack(">H", 0x4000 | n)) + data


def listpack(*entries):
    """Of short texts and one long one."""
    body = b""
    for e in entries:
        if len(e) < 64:
            body += bytes([0x80 | len(e)]) + e + bytes([1 + len(e)])
        else:
            head = b"\xf0" + struct.pack("<I", len(e))
            n = len(head) + len(e)
            body += head + e + bytes([n >> 7, n & 127 | 128])
    return struct.pack("<IH", 7 + len(body), len(entries)) + body + b"\xff"


assert crc64(b"123456789") == 0xe9c6d914c4b8d9ca
SET = {10: b"\x02\x03" + string(b"a") + string(b"bb") + string(b"ccc"),
       11: b"\x14" + string(listpack(b"a", b"bb", b"ccc"))}

ARGS = ["--workers", "2", "--save", "", "--rdbcompression", "no",
        "--appendonly", "yes", "--repl-diskless-sync-delay", "0"]
alm = node.Node("alm", ARGS)
redis = node.Node("redis", kind="redis")
c, r = alm.connect(seconds=30), redis.connect(seconds=30)


def dump(key):
    return c.ok("DUMP", key)[1]


def stream(kind, version):
    """What redis-server makes, which has no consumers: the same bytes in the
    third kind as in the second."""
    r.ok("XADD", "s", "1-1", "f", "v")
    body = r.ok("DUMP", "s")[1][1:-10]
    r.ok("DEL", "s")
    return payload((b"\x13" if kind == 2 else b"\x15") + body, version)


def head(name):
    with open(os.path.join(alm.dir, name), "rb") as f:
        return f.read(9)


def rewritten():
    i = following.info(c, "persistence")
    return i["aof_rewrite_in_progress"] == "0" and \
        i["aof_rewrite_scheduled"] == "0"


def take():
    """What is in a file, a full sync, a BASE, comes in again."""
    now = c.ok("DEBUG", "DIGEST")[1]
    c.ok("SAVE")
    replica = node.Node("replica", ["--save", ""])
    other = replica.connect()
    other.ok("REPLICAOF", "127.0.0.1", alm.port)
    following.linked(replica, seconds=30)
    assert other.ok("DEBUG", "DIGEST")[1] == now
    other.close()
    assert replica.stop() == 0
    shutil.rmtree(replica.dir)
    c.ok("DEBUG", "RELOAD")
    assert c.ok("DEBUG", "DIGEST")[1] == now
    c.ok("BGREWRITEAOF")
    node.until(20, rewritten, "the rewrite")
    alm.kill()
    alm.start(seconds=30)
    again = alm.connect(seconds=30)
    assert again.ok("DEBUG", "DIGEST")[1] == now
    return again


def bases():
    where = os.path.join(alm.dir, "appendonlydir")
    return [head(os.path.join("appendonlydir", n)) for n in os.listdir(where)
            if n.endswith(".base.rdb")]


def checked():
    done = subprocess.run(["redis-check-rdb", os.path.join(
        alm.dir, "dump.rdb")], capture_output=True, text=True)
    return done.stdout


c.ok("SADD", "set", "a", "bb", "ccc")
c.ok("RPUSH", "list", LONG)
c.ok("HSET", "hash", "f", "v")
c.ok("SADD", "large", *range(1000), "x")
assert c.ok("CONFIG", "GET", "rdb-version")[1][1][1] == b"10"
for version in 10, 11, 10:
    c.ok("CONFIG", "SET", "rdb-version", version)
    assert dump("set") == payload(SET[version], version)
    rows = b"\x01" + string(LONG) if version == 11 else \
        b"\x02" + string(listpack(LONG))
    assert dump("list") == payload(b"\x12\x01" + rows, version)
    assert dump("hash") == payload(b"\x10" + string(listpack(b"f", b"v")),
                                   version)
    assert dump("large")[:1] == b"\x02"
    for kind in 2, 3:
        c.ok("RESTORE", "stream", 0, stream(kind, 11), "REPLACE")
        assert dump("stream") == stream(kind if version == 11 else 2, version)
    for name in "set", "list", "hash", "large":
        c.ok("RESTORE", "copy", 0, dump(name), "REPLACE")
        assert c.ok("DEBUG", "DIGEST-VALUE", "copy", name)[1][0] == \
            c.ok("DEBUG", "DIGEST-VALUE", name)[1][0], name
        if version == 10:
            r.ok("RESTORE", name, 0, dump(name), "REPLACE")
    value = c.call("MIGRATE", "127.0.0.1", redis.port, "hash", 0, 5000,
                   "COPY", "REPLACE")
    assert (value[0] == "error") == (version == 11), value
    assert c.ok("FUNCTION", "DUMP")[1] == payload(b"", version)
    c.ok("DEL", "copy")
    alm.args = ARGS + ["--rdb-version", str(version)]
    c = take()
    assert head("dump.rdb") == b"REDIS%04d" % version
    assert bases() == [b"REDIS%04d" % version]
    if shutil.which("redis-check-rdb"):
        assert ("RDB looks OK" in checked()) == (version == 10)
for value in 9, 12, "x":
    assert c.call("CONFIG", "SET", "rdb-version", value)[0] == "error"
assert r.ok("SCARD", "large")[1] == 1001
assert alm.stop() == 0
