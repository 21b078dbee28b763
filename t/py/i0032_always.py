"""appendfsync always: no reply of a write is seen before the disk has it

The logger is held before it forces the file to the disk, its sync fails, it
dies: replies wait, or are in doubt; readers of all keys, on other connections,
go on.  Many writers share a sync.  WAITAOF waits for the same.
"""

# limit 60s

import os
import threading
import time

import node

OK = ("simple", b"OK")
HOLD_MS = 9000    # at most: each is let go
n = node.Node("a", ["--workers", "2", "--appendonly", "yes",
                    "--appendfsync", "always"], kind="almandined")
admin = n.connect()


def info(name, section="persistence"):
    """A field of INFO."""
    for line in admin.ok("INFO", section)[1].decode().split("\r\n"):
        if line.startswith(name + ":"):
            return line.partition(":")[2]
    raise AssertionError("no %s in INFO %s" % (name, section))


def fault(*words):
    """Arms a fault point."""
    admin.ok("DEBUG", "FAULT", *words)


def becomes(key, value):
    """A key has that value, for others."""
    node.until(5, lambda: admin.ok("GET", key) == ("bulk", value), key)


def silent(c, seconds=0.05):
    """Nothing has come for c."""
    try:
        reply = c.read(seconds)
    except TimeoutError:
        return
    raise AssertionError("%r came" % (reply,))


def on_disk():
    """What all INCR files have."""
    where = os.path.join(n.dir, "appendonlydir")
    data = b""
    for name in sorted(os.listdir(where)):
        if ".incr." in name:
            with open(os.path.join(where, name), "rb") as file:
                data += file.read()
    return data


cs = [n.connect() for _ in range(20)]
for i, c in enumerate(cs):
    assert c.call("SET", "k%d" % i, "first") == OK
    assert b"k%d" % i in on_disk()
assert admin.call("WAITAOF", 1, 0, 0) == ("array", [("int", 1), ("int", 0)])
assert int(info("aof_pending_bio_fsync")) >= 0

if admin.call("DEBUG", "FAULT", "aof-sync", "off")[0] == "error":
    node.skip("no fault points in this build")

# The logger is held between the write and the sync; nobody reads it as done.
for point in ("aof-sync", "aof-synced"):
    for c in cs:
        assert c.call("GET", "k0")[0] == "bulk"
    fault(point, "hold", HOLD_MS)
    for i, c in enumerate(cs):
        c.send("SET", "k%d" % i, point)
    for i in range(20):
        becomes("k%d" % i, point.encode())
    # All of them were sent before the first sync has ended.
    silent(cs[0], 0.01)
    d = n.connect()
    d.ok("GET", "k1")
    silent(cs[1], 0.01)
    fault(point, "off")
    assert [c.read() for c in cs] == [OK] * 20

# WAITAOF waits for it; a write that changes nothing does not.
admin.ok("CONFIG", "SET", "appendfsync", "no")
fault("aof-sync", "hold", HOLD_MS)
assert cs[0].call("SET", "k0", "x") == OK
assert cs[0].call("WAITAOF", 1, 0, 20) == ("array", [("int", 0), ("int", 0)])
assert cs[1].call("SET", "k0", "y", "NX") == ("nil",)
cs[0].send("WAITAOF", 1, 0, 0)
silent(cs[0])
admin.ok("CONFIG", "SET", "appendfsync", "always")
fault("aof-sync", "off")
assert cs[0].read() == ("array", [("int", 1), ("int", 0)])

# It fails: the reply says so; then writes are refused, reads are not, until
# it works again, and then the write is on the disk.
fault("aof-sync", "error")
c = cs[0]
c.send_raw(node.encode(["SET", "k0", "doubt"]) + node.encode(["GET", "k0"]))
reply = c.read()
assert reply[0] == "error" and reply[1].startswith(
    b"INDOUBT The write could not be forced to the disk"), reply
assert c.read() == ("bulk", b"doubt")
assert c.call("SET", "k0", "refused")[1].startswith(b"MISCONF ")
assert c.call("GET", "k0") == ("bulk", b"doubt")
fault("aof-sync", "off")
node.until(5, lambda: c.call("SET", "after", "1") == OK, "the recovery")
assert b"doubt" in on_disk() and b"refused" not in on_disk()

# It dies: who waits does so until its successor is done.
fault("aof-synced", "die", "once")
for i, c in enumerate(cs):
    c.send("SET", "k%d" % i, "died")
assert [c.read() for c in cs] == [OK] * 20
assert on_disk().count(b"died") >= 20

# Switched off while replies are held: they go, and who waits for the file
# is told.
fault("aof-sync", "hold", HOLD_MS)
cs[0].send("SET", "k0", "off")
cs[1].send("SET", "k1", "off")
cs[2].send("CLIENT", "REPLY", "SKIP")
cs[2].send("SET", "k2", "off")
cs[2].send("WAITAOF", 1, 0, 0)
silent(cs[2])
becomes("k1", b"off")
becomes("k0", b"off")
admin.ok("CONFIG", "SET", "appendonly", "no")
fault("aof-sync", "off")
assert [c.read() for c in cs[:2]] == [OK] * 2
assert cs[2].read()[1].startswith(b"ERR WAITAOF cannot be used when")
assert cs[0].call("WAITAOF", 1, 0, 0)[1].startswith(b"ERR WAITAOF cannot")

# And on again: what is answered from then on is there after a kill.
admin.ok("CONFIG", "SET", "appendonly", "yes")
node.until(10, lambda: info("aof_enabled") == "1", "the file")


def write(c, name, done):
    """Writes as many as it can; how many were answered."""
    try:
        while True:
            reply = c.call("SET", name, done[name] + 1)
            if reply[0] == "error":
                assert reply[1].startswith(b"INDOUBT "), reply
                return
            done[name] += 1
    except (node.Gone, TimeoutError):
        pass


# The same when it ends in good order, which does not take long.
for how in ("kill", "stop"):
    counts = {"%s%d" % (how, i): 0 for i in range(20)}
    threads = [threading.Thread(target=write, args=(n.connect(), name, counts))
               for name in counts]
    for t in threads:
        t.start()
    node.until(20, lambda: all(v > 20 for v in counts.values()), "writes")
    begun = time.monotonic()
    if how == "kill":
        n.child.kill()
        n.child.wait()
    else:
        assert n.stop() == 0
        assert time.monotonic() - begun < 4 * node.SLOW
    for t in threads:
        t.join()
    n.start()
    admin = n.connect()
    for name, value in counts.items():
        assert int(admin.ok("GET", name)[1]) >= value, name
