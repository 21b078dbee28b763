"""who makes huge pages stands still, and is killed: nobody waits for it

Nor does it make many while there is little to put there.
"""

import os
import signal

import killing
import node

BIG = b"x" * 100000
LITTLE_KB = 16 << 10    # made for an empty node, at most


def maker():
    """The process id of the one that makes them, or None."""
    return a.processes().get("pages")


def made(pid):
    """Of a process that has made some and rests: kB of the region that it
    has touched."""
    with open("/proc/%d/status" % pid, encoding="utf8") as f:
        status = dict(line.split(":", 1) for line in f)
    kb = int(status["RssShmem"].split()[0])
    return status["State"].split()[0] == "S" and kb >= 2048 and kb


def put(first, count):
    c.pipeline([("SET", "k%d" % i, BIG) for i in range(first, first + count)])


a = node.Node("a", ["--workers", "2"])
c = a.connect()
pid = node.until(5, maker, "who makes huge pages")
if not a.log_has("no huge pages"):
    kb = node.until(10, lambda: made(pid), "some huge pages")
    assert kb <= LITTLE_KB, kb
os.kill(pid, signal.SIGSTOP)
c.ok("CONFIG", "SET", "timeout", "1000")
put(0, 2000)
os.kill(pid, signal.SIGCONT)
a.respawned("pages", a.hit("pages"))
put(2000, 2000)
assert c.call("DBSIZE")[1] == 4000
killing.sound(c.call)
# One that stands still does not keep the node from its end.
os.kill(maker(), signal.SIGSTOP)
a.child.send_signal(signal.SIGTERM)
a.child.wait(15 * node.SLOW)
