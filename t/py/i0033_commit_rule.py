"""min-replicas-to-ack: what a write's reply waits for, and what does not wait

Replicas that the test plays acknowledge late, wrong, or not at all, and go
away; replies stay in order, other connections are served, who waits too long
gets an INDOUBT error in the place of exactly those replies that were held.
"""

# limit 60s

import node
import replica

DOUBT = ("error", b"INDOUBT Not enough replicas acknowledged the write in "
         b"time (min-replicas-to-ack). It was executed here, its outcome is "
         b"unknown.")
OK = ("simple", b"OK")

n = node.Node("a", ["--workers", "2", "--repl-diskless-sync-delay", "0",
                    "--min-replicas-to-ack-timeout", "60000"],
              kind="almandined")
admin = n.connect()


def info(section, name):
    """A field of INFO."""
    for line in admin.ok("INFO", section)[1].decode().split("\r\n"):
        if line.startswith(name + ":"):
            return line.partition(":")[2]
    raise AssertionError("no %s in INFO %s" % (name, section))


def offset():
    """Where the log ends."""
    return int(info("replication", "master_repl_offset"))


def config(name, value):
    """CONFIG SET."""
    admin.ok("CONFIG", "SET", name, value)


def silent(c, seconds=0.1):
    """Nothing has come for c."""
    try:
        reply = c.read(seconds)
    except TimeoutError:
        return
    raise AssertionError("%r came" % (reply,))


def becomes(key, value):
    """A key has that value, for others."""
    node.until(5, lambda: admin.ok("GET", key) == ("bulk", value), key)


def on_both(count=8):
    """Connections, some of them in either worker."""
    return [n.connect() for _ in range(count)]


f = replica.Replica(n)
f.reaches(offset())
config("min-replicas-to-ack", 1)

# A write waits, on whichever worker; reads and other connections do not.
cs = on_both()
for i, c in enumerate(cs):
    c.send("SET", "k%d" % i, i)
becomes("k7", b"7")
for c in cs:
    silent(c, 0.02)
for i in range(8):
    becomes("k%d" % i, b"%d" % i)
f.reaches(offset())
node.until(5, lambda: f.asked > 0, "a question")
# A wrong one (of what it was never sent) and an old one are none.
f.ack(f.offset + 1000000)
f.ack(0)
f.sock.sendall(node.encode(["REPLCONF", "ACK", "-5"]))
f.sock.sendall(node.encode(["REPLCONF", "ACK", "many"]))
for c in cs:
    silent(c, 0.02)
f.ack()
for c in cs:
    assert c.read() == OK

# Writes that change nothing, and commands that are none, do not wait.
c = n.connect()
assert c.call("DEL", "nothing") == ("int", 0)
assert c.call("GET", "nothing") == ("nil",)
assert c.call("SET", "k0", "x", "NX") == ("nil",)

# What was first is first: replies behind a held one wait for it.
c.send_raw(b"".join(node.encode(w) for w in [
    ("GET", "k1"), ("SET", "a", "1"), ("GET", "a"), ("PING",),
    ("INCR", "a"), ("NOSUCH",)]))
assert c.read() == ("bulk", b"1")
silent(c)
at = offset()
f.reaches(at)
f.ack()
assert [c.read() for _ in range(4)] == [
    OK, ("bulk", b"1"), ("simple", b"PONG"), ("int", 2)]
assert c.read()[0] == "error"

# Parts of a pipeline that came in several turns are freed one by one.
marks = []
for i in range(5):
    c.send("SET", "a", "v%d" % i)
    becomes("a", b"v%d" % i)
    marks.append(offset())
f.reaches(marks[-1])
for i in range(5):
    silent(c, 0.02)
    f.ack(marks[i])
    assert c.read() == OK

# EXEC is one write; DISCARD is none; QUEUED does not wait.
c.send_raw(b"".join(node.encode(w) for w in [
    ("MULTI",), ("SET", "a", "1"), ("INCR", "a"), ("GET", "a"), ("EXEC",)]))
assert [c.read() for _ in range(4)] == [OK] + [("simple", b"QUEUED")] * 3
silent(c)
f.prompt(True)
assert c.read() == ("array", [OK, ("int", 2), ("bulk", b"2")])

# A long pipeline with a replica that is prompt.
words = []
for i in range(3000):
    words += [("SET", "p%d" % i, i), ("GET", "p%d" % i)]
replies = c.pipeline(words)
assert replies == [x for i in range(3000)
                   for x in (OK, ("bulk", b"%d" % i))]
assert info("stats", "total_writes_in_doubt") == "0"

# A pop that a push of another connection serves is a write as well.
f.prompt(False)
b = n.connect()
b.send("BLPOP", "q", 0)
node.until(5, lambda: info("clients", "blocked_clients") == "1", "blocking")
config("min-replicas-to-ack", 0)
assert n.connect().ok("RPUSH", "other", "x")
config("min-replicas-to-ack", 1)
c.send("RPUSH", "q", "1")
node.until(5, lambda: admin.ok("EXISTS", "q")[1] == 0 and
           info("clients", "blocked_clients") == "0", "the pop")
silent(b)
silent(c)
f.reaches(offset())
f.ack()
assert b.read() == ("array", [("bulk", b"q"), ("bulk", b"1")])
assert c.read() == ("int", 1)

# CLIENT REPLY: who wants no reply waits for none.
c.send("CLIENT", "REPLY", "SKIP")
c.send("SET", "a", "skipped")
assert c.call("GET", "a") == ("bulk", b"skipped")
c.send("CLIENT", "REPLY", "OFF")
c.send("SET", "a", "off")
c.send("CLIENT", "REPLY", "ON")
assert c.read() == OK
assert c.call("GET", "a") == ("bulk", b"off")

# RESET, HELLO and QUIT go on behind what is held.
c.send("SET", "a", "1")
c.send("RESET")
c.send("HELLO", 3)
silent(c)
f.prompt(True)
assert [c.read() for _ in range(2)] == [OK, ("simple", b"RESET")]
assert c.read()[0] == "map"
f.prompt(False)
c.send("SET", "a", "2")
c.send("QUIT")
silent(c)
f.reaches(offset())
f.ack()
assert [c.read(), c.read()] == [OK, OK] and c.is_closed(5)

# SWAPDB is answered by control, and logged by it.
c = n.connect()
c.send("SWAPDB", 1, 2)
# It answers in order.
config("timeout", 0)
silent(c)
f.reaches(offset())
f.ack()
assert c.read() == OK

# Two replicas.
config("min-replicas-to-ack", 2)
g = replica.Replica(n)
c.send("SET", "a", "3")
becomes("a", b"3")
f.reaches(offset())
g.reaches(offset())
f.ack()
f.ack()
silent(c)
g.ack()
assert c.read() == OK
# One that has acknowledged and goes does not count; another one does.
c.send("SET", "a", "4")
becomes("a", b"4")
f.reaches(offset())
f.ack()
f.close()
node.until(5, lambda: info("replication", "connected_slaves") == "1", "going")
g.reaches(offset())
g.ack()
silent(c)
f = replica.Replica(n)
f.reaches(offset())
f.ack()
assert c.read() == OK

# In doubt: exactly the replies of writes, in their places.
config("min-replicas-to-ack-timeout", 100)
g.close()
c.send_raw(b"".join(node.encode(w) for w in [
    ("GET", "a"), ("SET", "d", "1"), ("SET", "d", "2"), ("GET", "d"),
    ("INCR", "d"), ("PING",), ("SET", "d", "x", "NX"), ("MULTI",),
    ("APPEND", "d", "0"), ("EXEC",), ("GET", "d")]))
assert [c.read() for _ in range(11)] == [
    ("bulk", b"4"), DOUBT, DOUBT, ("bulk", b"2"), DOUBT,
    ("simple", b"PONG"), ("nil",), OK, ("simple", b"QUEUED"), DOUBT,
    ("bulk", b"30")]
assert info("stats", "total_writes_in_doubt") == "4"
assert info("errorstats", "errorstat_INDOUBT") == "count=4"
# The next one is held again; those that are in time have their replies.
config("min-replicas-to-ack-timeout", 60000)
c.send("SET", "d", "5")
silent(c)
config("min-replicas-to-ack-timeout", 50)
assert c.read() == DOUBT
config("min-replicas-to-ack-timeout", 60000)

# What is given up leaves what came later as it was.
g = replica.Replica(n)
c.send("SET", "d", "5")
silent(c, 1 * node.SLOW)
c.send_raw(node.encode(["INCR", "d"]) + node.encode(["GET", "d"]))
becomes("d", b"6")
config("min-replicas-to-ack-timeout", int(950 * node.SLOW))
assert c.read() == DOUBT
for r in f, g:
    r.reaches(offset())
    r.ack()
assert [c.read(), c.read()] == [("int", 6), ("bulk", b"6")]
g.close()
config("min-replicas-to-ack-timeout", 60000)

# Messages stand between replies, and stay there when those are replaced.
s = n.connect(3)
s.send("SUBSCRIBE", "news")
assert s.read()[0] == "push"
for text in ("kept", "doubt"):
    for i in range(3):
        s.send("SET", "d", "%s%d" % (text, i))
        becomes("d", b"%s%d" % (text.encode(), i))
        admin.ok("PUBLISH", "news", "%s%d" % (text, i))
    silent(s, 0.3)
    if text == "kept":
        f.reaches(offset())
        g = replica.Replica(n)
        f.ack()
    else:
        config("min-replicas-to-ack-timeout", 100)
    replies = [s.read() for _ in range(6)]
    wanted = OK if text == "kept" else DOUBT
    assert [r for r in replies if r[0] != "push"] == [wanted] * 3, replies
    assert replies[0] == wanted
    assert [r[1][2][1] for r in replies if r[0] == "push"] == [
        b"%s%d" % (text.encode(), i) for i in range(3)], replies
    # Both have to have it at the same time.
    g.close()
s.close()
config("min-replicas-to-ack-timeout", 60000)

# Nobody waits any more when it is switched off.
c.send("SET", "d", "6")
silent(c)
config("min-replicas-to-ack", 0)
assert c.read() == OK
assert c.call("SET", "d", "7") == OK
config("min-replicas-to-ack", 2)

# Held replies count: a client that asks for too much is dropped.
config("client-output-buffer-limit", "normal 100kb 0 0")
c.send("SET", "d", "y" * 60000)
c.send_raw(node.encode(["GET", "d"]) * 3)
assert c.is_closed(5)
config("client-output-buffer-limit", "normal 0 0 0")
assert info("stats", "client_output_buffer_limit_disconnections") == "1"

# Connections that close, or are killed, while they hold.
cs = on_both(6)
for c in cs:
    c.send("SET", "e", "1")
    silent(c, 0.02)
for c in cs[:3]:
    c.close()
for c in cs[3:5]:
    admin.ok("CLIENT", "KILL", "LADDR", "127.0.0.1:%d" % n.port,
             "ID", next(line.split()[0][3:] for line in admin.ok(
                 "CLIENT", "LIST")[1].decode().split("\n")
                 if ":%d " % c.sock.getsockname()[1] in line))
    assert c.is_closed(5)
silent(cs[5])
config("min-replicas-to-ack", 1)
f.reaches(offset())
f.ack()
assert cs[5].read() == OK

# MONITOR lines come behind what is held.
c = n.connect()
c.send_raw(node.encode(["SET", "e", "2"]) + node.encode(["MONITOR"]))
silent(c)
admin.ok("ECHO", "shown")
f.reaches(offset())
f.ack()
assert [c.read(), c.read()] == [OK, OK]
while b"shown" not in c.read()[1]:
    pass
c.close()

# A worker dies: its connections with what they hold, and no more.
cs = on_both()
for c in cs:
    c.send("INCR", "dies")
becomes("dies", b"8")
admin.close()
n.respawned("worker 0", n.hit("worker 0"))
admin = n.connect()
ends = []


def ended(c):
    """A connection has its reply, or is gone; the replica may be as well."""
    global f
    if f.is_over:
        f = replica.Replica(n)
    f.ack()
    try:
        ends.append(c.read(0.02))
    except TimeoutError:
        return False
    except node.Gone:
        ends.append("gone")
    return True


for c in cs:
    node.until(5, lambda c=c: ended(c), "the end of a held reply")
assert all(e == "gone" or e[0] == "int" for e in ends), ends
assert admin.ok("GET", "dies")[1] == b"8"

# Who becomes a replica does not know what becomes of it; nor who waits.
c, d = n.connect(), n.connect()
before = offset()
c.send_raw(node.encode(["SET", "e", "1"]) + node.encode(["GET", "e"]))
node.until(5, lambda: offset() > before, "the write")
d.send("WAIT", 5, 0)
silent(d)
admin.ok("REPLICAOF", "127.0.0.1", 1)
assert c.read() == ("error", b"INDOUBT The instance is no longer the master "
                    b"of this write, which was not committed as configured. "
                    b"Its outcome is unknown.")
assert c.read() == ("bulk", b"1")
assert d.read()[1].startswith(b"UNBLOCKED ")
assert c.call("SET", "e", "2")[1].startswith(b"READONLY ")
admin.ok("REPLICAOF", "NO", "ONE")
f.close()

# The end: what is not committed by then is in doubt, and said to be so.
config("shutdown-timeout", 4)
f = replica.Replica(n)
c, d = n.connect(), n.connect()
c.send("SET", "e", "3")
becomes("e", b"3")
at = offset()
d.send("SET", "e", "4")
becomes("e", b"4")
f.reaches(at)
admin.send("SHUTDOWN", "NOSAVE")
silent(c)
f.ack(at)
assert c.read() == OK
reply = d.read(4 + 5 * node.SLOW)
assert reply[0] == "error" and reply[1].startswith(
    b"INDOUBT The instance stops"), reply
node.until(5, lambda: n.child.poll() is not None, "the end")
