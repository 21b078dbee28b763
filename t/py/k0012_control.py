"""control dies, also while it mends, and with a worker: nobody notices

Every question to it is answered, or with an error; what it was to change
has changed for all or for nobody.
"""

# limit 120s

import os
import re
import signal

import killing
import node

HERE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
with open(os.path.join(HERE, "shm", "fault.def")) as f:
    points = re.findall(r'^FAULT_POINT\(\w+, "([^"]+)"', f.read(), re.M)
ask_points = [p for p in points if p.startswith(("publish-", "ask-"))]
mend_points = [p for p in points if p.startswith("mend-")]


def both(a):
    return [killing.connect_to(a, "worker %d" % i) for i in range(2)]


def options(c):
    words = c.ok("CONFIG", "GET", "slowlog-max-len", "latency-monitor-*")[1]
    return [int(w[1]) for w in words[1::2]]


def config_set(pair, point, n):
    """Two options set while control dies; both workers know both or none."""
    a = pair.alm
    one, other = both(a)
    before, old = options(one), a.process("control")
    other.ok("DEBUG", "FAULT", point, "die", "once")
    one.send("CONFIG", "SET", "slowlog-max-len", n,
             "latency-monitor-threshold", n)
    for i in range(50):  # serving goes on
        other.ok("SET", "k%d" % i, n)
    answer = one.read()
    a.respawned("control", old)
    after = options(one)
    node.until(5, lambda: options(other) == after, "both workers know it")
    assert after in (before, [n, n]), (point, before, after)
    assert answer[0] == "error" or after == [n, n], (point, answer)
    one.ok("CONFIG", "SET", "slowlog-max-len", n,
           "latency-monitor-threshold", n)
    assert options(other) == [n, n]


def mend(pair, point, write_point):
    """A worker dies with slots locked, then control while it mends."""
    a = pair.alm
    victim, other = both(a)
    worker, control = a.process("worker 0"), a.process("control")
    for p in (point, write_point):
        other.ok("DEBUG", "FAULT", p, "die", "once")
    victim.send_raw(b"".join(node.encode(w) for w in (
        ("MULTI",), ("SET", "k1", point * 3000), ("DEL", "k2", "{k2}big"),
        ("RPUSH", "k3", *range(300)), ("EXEC",))))
    assert victim.is_closed(10), "%s is not met" % write_point
    other.send("EXISTS", "k1")
    a.respawned("control", control)
    assert other.read(10)[0] == "int"
    a.respawned("worker 0", worker)
    killing.sound(pair.ask)
    other.ok("MSET", "k1", "v", "k2", "v", "{k2}big", "b" * killing.BIG)
    other.ok("DEL", "k3")


def kill_both(pair):
    a = pair.alm
    old = {n: a.process(n) for n in ("worker 0", "control")}
    for signo in (signal.SIGSTOP, signal.SIGKILL):
        for pid in old.values():
            os.kill(pid, signo)
    for n in old:
        a.respawned(n, old[n])


def main():
    pair = killing.Pair()
    if b"no fault points" in pair.ask("DEBUG", "FAULT", "noted", "off")[1]:
        node.skip("this build has no fault points")
    for n, point in enumerate(ask_points * 2):
        config_set(pair, point, 100 + n)
    pair.connect().ok("MSET", "k2", "v", "{k2}big", "b" * killing.BIG)
    for write_point in ("changed", "log-published", "frees", "run-given"):
        for point in mend_points:
            if point == "mend-frees" and write_point == "run-given":
                continue
            mend(pair, point, write_point)
    for _ in range(5):
        kill_both(pair)
    pair.read_log()
    assert pair.reader.ok("DEBUG", "DIGEST")[1] == pair.digest()
    assert pair.alm.stop() == 0


main()
