"""redis-cli -c, and without -c, word for word as in a cluster of redis-server:
MOVED and ASK are followed, also within MULTI

Our cluster is a developer's, of almandinectl: started, looked at, stopped, and
there again with its keys.
"""

# limit 60s

import os
import re
import subprocess
import time

import clustering as cl
import node

CTL = os.path.join(os.path.abspath(node.BUILD), "almandinectl")
WHERE = os.path.join(node.directory(), "developers")


class Started:
    """A node that almandinectl started."""

    ip = "127.0.0.1"

    def __init__(self, port):
        self.port, self.name = port, "c%d" % port

    def connect(self, seconds=10):
        return node.Connection(self.port, seconds=seconds)


def ctl(word, *options, code=0):
    done = subprocess.run([CTL, "cluster", word, "--dir", WHERE] +
                          list(options), capture_output=True, text=True,
                          timeout=60 * node.SLOW)
    assert done.returncode == code, (word, done.stdout, done.stderr)
    return done.stdout


# In a row, with their bus 10000 above.
ports = []
while len(ports) < 3 or ports[-1] != ports[-3] + 2:
    ports.append(node.free_port())
ports = ports[-3:]
START = ("start", "--primaries", "3", "--replicas", "0", "--port",
         str(ports[0]), "--", "--enable-debug-command", "yes", "--workers",
         "1", "--save", "")
begun = time.monotonic()
out = ctl(*START)
print("almandinectl cluster start: %.1f s" % (time.monotonic() - begun))
assert len(re.findall(r"primary +ok", out)) == 3, out
# Another cluster is not made out of this one.
for options in (("--primaries", "4", "--port", ports[0]),
                ("--primaries", "2", "--port", ports[0]),
                ("--primaries", "3", "--port", ports[0] + 1)):
    done = subprocess.run([CTL, "cluster", "start", "--dir", WHERE,
                           "--replicas", "0"] + [str(o) for o in options],
                          capture_output=True, text=True,
                          timeout=30 * node.SLOW)
    assert done.returncode == 1, done
    assert ("holds a cluster of 3 nodes, ports %d to %d; asked for are "
            % (ports[0], ports[2])) in done.stderr, done.stderr
ours = [Started(p) for p in ports]
for n in ours:
    # A replica would wait for others that do not come.
    assert n.connect().ok("CONFIG", "GET", "repl-diskless-sync-delay")[1][1] \
        == ("bulk", b"0")
cl.agreed(ours)
cl.check(ours[0])

theirs = cl.start(["redis"] * 3)
for i, n in enumerate(theirs):
    n.connect().ok("CLUSTER", "ADDSLOTSRANGE", 16384 * i // 3,
                   16384 * (i + 1) // 3 - 1)
    n.connect().ok("CLUSTER", "SET-CONFIG-EPOCH", i + 1)
    theirs[0].connect().ok("CLUSTER", "MEET", "127.0.0.1", n.port, n.bus)
cl.agreed(theirs)

# --- the same words --------------------------------------------------------


def say(nodes, lines, *options):
    """What redis-cli prints for these lines; ports by their place."""
    done = subprocess.run(
        ["redis-cli", "-p", str(nodes[0].port)] + list(options),
        input="\n".join(lines) + "\n", capture_output=True, text=True,
        timeout=30 * node.SLOW)
    text = done.stdout + done.stderr
    for i, n in enumerate(nodes):
        text = text.replace(":%d" % n.port, ":PORT%d" % i)
    return text


def same(lines, *options):
    told = [say(nodes, lines, *options) for nodes in (ours, theirs)]
    assert told[0] == told[1], "ours\n%s\ntheirs\n%s" % tuple(told)
    return told[0]


# foo is in slot 12182, bar in 5061, hello in 866, k in 7629.
WORK = ["SET foo 1", "SET bar 2", "GET foo", "SET hello 3", "GET hello",
        "INCR bar", "RPUSH k a b c", "LRANGE k 0 -1", "GET none",
        "MSET {foo}1 a {foo}2 b", "MGET {foo}2 {foo}1 {foo}3",
        "MGET foo bar", "MSET foo 1 bar 2", "DEL foo {foo}1 {foo}2 bar",
        "LPUSH foo x", "CLUSTER KEYSLOT foo", "CLUSTER COUNTKEYSINSLOT 12182",
        "GET hello", "CLUSTER GETKEYSINSLOT 866 10", "SORT k ALPHA",
        "EXISTS foo {foo}1", "SET foo 1 NX", "GETDEL bar", "PING", "READONLY",
        "READWRITE", "ASKING"]
MULTI = [["MULTI", "SET foo 1", "INCR foo", "GET foo", "EXEC", "GET foo"],
         ["MULTI", "SET hello 1", "SET foo 2", "EXEC", "GET hello", "GET foo"],
         ["GET foo", "MULTI", "INCR {foo}1", "INCR {foo}2", "EXEC"],
         ["GET foo", "MULTI", "SET foo 1", "MGET foo bar", "EXEC"],
         ["SET foo 1", "MULTI", "SET foo 5", "SET hello 5", "SET bar 5",
          "EXEC", "MGET foo hello", "GET hello"],
         ["GET bar", "MULTI", "SET bar 5", "DISCARD", "GET bar"],
         ["WATCH foo", "GET foo", "MULTI", "GET foo", "EXEC"],
         ["GET foo", "WATCH foo bar", "WATCH bar", "WATCH foo", "MULTI",
          "SET foo 9", "EXEC"],
         ["MULTI", "PING", "EXEC"], ["EXEC"], ["MULTI", "MULTI", "DISCARD"]]
for options in (("-c",), (), ("-c", "-3", "--no-raw")):
    text = same(WORK, *options)
    if "-c" in options:
        assert text.count("-> Redirected to slot") > 5, text
        assert "MOVED" not in text, text
    else:
        assert "MOVED 12182 127.0.0.1:PORT2" in text, text
    # Each begins where the first node is, or where the last one ended.
    for lines in MULTI if options == ("-c",) else [sum(MULTI, [])]:
        same(lines, *options)

# --- a slot half way -------------------------------------------------------

SLOT = 12182
for nodes in (ours, theirs):
    say(nodes, ["DEL foo", "SET {foo}here 1", "SET {foo}gone 2"], "-c")
    source, target = nodes[2], nodes[1]
    target.connect().ok("CLUSTER", "SETSLOT", SLOT, "IMPORTING",
                        cl.myid(source))
    source.connect().ok("CLUSTER", "SETSLOT", SLOT, "MIGRATING",
                        cl.myid(target))
    source.connect().ok("MIGRATE", "127.0.0.1", target.port, "{foo}gone", 0,
                        5000)
HALF = [["GET {foo}here", "GET {foo}gone", "GET {foo}here"],
        ["SET {foo}new 1", "GET {foo}new", "INCR {foo}new"],
        ["MGET {foo}here {foo}gone", "MGET {foo}gone {foo}new",
         "DEL {foo}gone {foo}here"],
        ["GET {foo}here", "MULTI", "GET {foo}here", "EXEC"],
        ["GET {foo}here", "MULTI", "GET {foo}gone", "EXEC", "GET {foo}gone"],
        ["MULTI", "GET {foo}gone", "SET {foo}here 1", "EXEC"],
        ["EXISTS {foo}gone {foo}nothing", "SET bar 1", "GET {foo}gone"]]
for lines in HALF:
    assert "MOVED" not in same(lines, "-c")
assert "MOVED" in same(sum(HALF, []))
assert "-> Redirected to slot [12182] located at 127.0.0.1:PORT1" in same(
    ["GET {foo}gone"], "-c")
for nodes in (ours, theirs):
    keys = [k[1] for k in nodes[2].connect().ok(
        "CLUSTER", "GETKEYSINSLOT", SLOT, 100)[1]]
    assert keys
    nodes[2].connect().ok("MIGRATE", "127.0.0.1", nodes[1].port, "", 0, 5000,
                          "KEYS", *keys)
    for n in (nodes[1], nodes[2], nodes[0]):
        n.connect().ok("CLUSTER", "SETSLOT", SLOT, "NODE", cl.myid(nodes[1]))
same(["GET {foo}here", "GET {foo}gone", "MULTI", "GET {foo}here", "EXEC"],
     "-c")
cl.agreed(ours)
cl.check(ours[0])

# --- it stops, and is there again ------------------------------------------

for n in theirs:
    n.stop()
def values():
    text = say(ours, ["GET {foo}here", "GET hello", "LRANGE k 0 -1"], "-c")
    # Others may be the primaries by then.
    return [x for x in text.splitlines() if not x.startswith("->")]


before = values()
assert len(before) > 4 and before[0] == "1", before
ctl("stop")
assert "does not answer" in ctl("status", code=1)
ctl(*START)
assert values() == before
cl.check(ours[0])
ctl("stop")
