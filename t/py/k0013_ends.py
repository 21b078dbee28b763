"""who stalls is killed; who dies too often ends the node; nobody outlives it"""

# limit 60s

import contextlib
import os
import signal
import socket
import time

import killing
import node


def stall():
    """A worker stopped inside a slot: its fellow waits, and is not blamed."""
    a = node.Node("stall", ["--workers", "2", "--stall-timeout",
                            "%d" % (500 * node.SLOW)])
    victim = killing.connect_to(a, "worker 0")
    other = killing.connect_to(a, "worker 1")
    if other.call("DEBUG", "FAULT", "changed", "hold", 60000,
                  "once")[0] == "error":
        return
    old, fellow = a.process("worker 0"), a.process("worker 1")
    begin = time.monotonic()
    victim.send("SET", "k", "v")
    node.until(5, lambda: a.log_has("fault changed: holds"), "the hold")
    with contextlib.suppress(ProcessLookupError):
        os.kill(old, signal.SIGSTOP)
    assert other.call("GET", "k") == ("nil",), "it has not happened"
    took = time.monotonic() - begin
    assert 0.2 < took < 3 * node.SLOW, took
    node.until(5, lambda: a.log_has("has stalled and is killed"), "the line")
    a.respawned("worker 0", old)
    assert a.process("worker 1") == fellow
    other.ok("SET", "k", "w")
    assert a.stop() == 0


def too_many():
    a = node.Node("limit", ["--workers", "2", "--respawn-limit", "3"])
    for i in range(4):
        old = a.hit("worker %d" % (i % 2))
        if i < 3:
            a.respawned("worker %d" % (i % 2), old)
    code = a.child.wait(15 * node.SLOW)
    assert code == 1, code
    assert a.log_has(r"stopping: more than 3 processes died within a minute "
                     r"\(respawn-limit\)"), a.log_tail()


def orphans():
    a = node.Node("orphans", ["--workers", "2"])
    node.until(5, lambda: "pages" in a.processes(), "all processes")
    children = [p for n, p in a.processes().items() if n != "supervisor"]
    assert len(children) == 4
    a.hit("supervisor")
    a.child.wait()

    def all_gone():
        return not any(is_alive(p) for p in children)

    node.until(5, all_gone, "the end of the children")
    # The kernel takes io_uring's descriptors down a moment later.
    node.until(5, lambda: is_free(a.port), "the end of the listeners")
    again = node.Node("again", ["--workers", "2"], start=False)
    again.port = a.port
    again.start()
    again.connect().ok("SET", "k", "v")
    assert again.stop() == 0


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def is_alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


stall()
too_many()
orphans()
