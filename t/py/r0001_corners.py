"""corners that were wrong once: CLIENT REPLY, a web page's requests, WATCH of
many keys, soft limits of output, a node in the background lets go of the
terminal"""

import subprocess

import node

ours = node.Node("ours", kind="almandined")
theirs = node.Node("theirs", kind="redis")


def answers(n, commands):
    """Everything that is answered, up to the end mark."""
    c = n.connect()
    words = [line.split() for line in commands] + [
        ["CLIENT", "REPLY", "ON"], ["ECHO", "end"]]
    c.send_raw(b"".join(node.encode(w) for w in words))
    out = []
    while ("bulk", b"end") not in out:
        out.append(c.read())
    c.close()
    return out


for commands in (
        ["CLIENT REPLY SKIP", "CLIENT REPLY SKIP", "PING", "PING"],
        ["CLIENT REPLY SKIP", "CLIENT REPLY ON", "PING"],
        ["CLIENT REPLY OFF", "BLPOP none 0.05", "PING"],
        ["CLIENT REPLY SKIP", "BLPOP none 0.05", "PING"],
        ["CLIENT REPLY SKIP", "SET a b", "GET a", "CLIENT REPLY OFF", "GET a"],
        ["CLIENT REPLY SKIP", "CONFIG SET maxmemory 0", "PING"]):
    assert answers(ours, commands) == answers(theirs, commands), commands

# A browser that was told to talk to us is not answered.
c = ours.connect()
c.send_raw(b"POST / HTTP/1.1\r\nHost: x\r\n\r\nSET evil 1\r\n")
assert c.is_closed(5)
assert ours.connect().call("GET", "evil") == ("nil",)

# A hundred thousand keys are watched in no time that a client would notice.
c = ours.connect(seconds=20)
assert c.ok("WATCH", *["k%d" % i for i in range(100000)])
assert c.ok("UNWATCH")

# Over the soft limit of output for longer than its time, with nothing new that
# is said to it: dropped.  Twice over it for a moment: not.
c, slow, quick = (ours.connect(seconds=20) for _ in range(3))
assert c.ok("CONFIG", "SET", "client-output-buffer-limit",
            "normal 0 100kb 1")
assert c.ok("SET", "large", b"x" * (1 << 20))


def are_connected(*clients):
    shown = c.ok("CLIENT", "LIST")[1].split(b"\n")
    return [any(b"name=" + name in line for line in shown)
            for name in clients]


for d, name in ((slow, "slow"), (quick, "quick")):
    assert d.ok("CLIENT", "SETNAME", name)
assert quick.ok("GET", "large")
slow.send_raw(node.encode(["GET", "large"]) * 40)
# (c's own replies are below the limit; this is a second.)
assert c.ok("BLPOP", "none", "1.2") == ("nil-array",)
node.until(5, lambda: are_connected(b"slow") == [False], "the end of slow")
assert quick.ok("GET", "large")
assert are_connected(b"quick") == [True]

# The node goes into the background and nobody holds the caller's terminal.
port = node.free_port()
done = subprocess.run(
    [node.almandined(), "--port", str(port), "--dir", node.directory(),
     "--daemonize", "yes", "--workers", "2"],
    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
    stderr=subprocess.STDOUT, timeout=30 * node.SLOW)
assert done.returncode == 0, done.stdout
c = node.Connection(port)
assert c.call("PING") == ("simple", b"PONG")
c.send("SHUTDOWN", "NOSAVE")
assert c.is_closed(10)
