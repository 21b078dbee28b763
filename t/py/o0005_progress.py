"""almandinectl progress: loads, snapshots and replicas, while they stand still
and until they are over"""

# limit 60s

import os
import re
import signal
import subprocess

import feeding
import node

CTL = os.path.join(os.path.dirname(node.almandined()), "almandinectl")


LINE = (r"^saving +\[#* *\] +\d+ %  dump.rdb: \d+ of 50000 keys, "
        r"\d+\.\d MB")


def progress(*args):
    done = subprocess.run([CTL, "progress", str(a.pid), *args],
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout


def shows(pattern):
    return re.search(pattern, progress(), re.M)


def is_stopped():
    c.call("BGSAVE")
    try:
        a.hit("saver", signal.SIGSTOP)
        if shows(LINE):
            return True
        a.hit("saver", signal.SIGCONT)
    except (node.Gone, ProcessLookupError):
        pass
    return False


a = node.Node("a", ["--stall-timeout", "0"])
c = a.connect()
assert progress() == progress("--wait") == \
    "nothing is loaded, saved or synchronised\n"
for i in range(50):
    c.ok("MSET", *(w for j in range(1000)
                   for w in ("k%d:%d" % (i, j), "v" * 90)))
node.until(20, is_stopped, "a snapshot that can be stopped")
a.hit("saver", signal.SIGCONT)
assert "nothing" not in progress("--wait").split("\n")[-1]
node.until(5, lambda: a.log_has("snapshot dump.rdb: 50000 keys"), "a line")

# --- a replica

c.ok("CONFIG", "SET", "repl-diskless-sync-delay", 100)
r = feeding.Replica(a)
r.send("PSYNC", "?", -1)
node.until(5, lambda: shows(r"^feeding +\[ +\]   \? %  127.0.0.1:1234 waits "
                            "for a snapshot$"), "the replica")
r.close()
node.until(5, lambda: shows("^nothing"), "its end")

# --- loading

assert a.stop() == 0
a.start(waits=False)
node.until(5, lambda: "worker 1" in a.processes() and
           "control" in a.processes(), "workers")
try:
    a.hit("worker 1", signal.SIGSTOP)
    node.until(5, lambda: shows(
        r"^loading +\[#* *\] +\d+ %  dump.rdb: \d") or a.log_has("loaded"),
        "loading")
finally:
    a.hit("worker 1", signal.SIGCONT)
progress("--wait")
node.until(10, a.is_up, "the start")
assert a.connect().ok("DBSIZE")[1] == 50000
assert a.stop() == 0
