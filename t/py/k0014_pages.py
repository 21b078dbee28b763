"""who makes huge pages stands still, and is killed: nobody waits for it"""

import os
import signal

import killing
import node

BIG = b"x" * 100000


def maker():
    """The process id of the one that makes them, or None."""
    return a.processes().get("pages")


def put(first, count):
    c.pipeline([("SET", "k%d" % i, BIG) for i in range(first, first + count)])


a = node.Node("a", ["--workers", "2"])
c = a.connect()
pid = node.until(5, maker, "who makes huge pages")
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
