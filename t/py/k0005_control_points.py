"""control dies at every point of its work; what was asked is done or refused

It is killed while it publishes, answers, exchanges databases and mends; its
successor goes on, and nothing stays frozen, locked or half done.
"""

# limit 60s

import re

import killing
import node

pair = killing.Pair()
LOST = b"ERR the control process was replaced"


def deaths():
    info = pair.ask("INFO", "server")[1]
    return int(re.search(rb"process_deaths:(\d+)", info).group(1))


def arm(point):
    value = pair.connect().call("DEBUG", "FAULT", point, "die", "once")
    if b"no fault points" in value[1]:
        node.skip("this build has no fault points")
    assert value == ("simple", b"OK"), value


def hz():
    return int(pair.ask("CONFIG", "GET", "hz")[1][1][1])


ASK = ("publish-before", "publish-after", "ask-begun", "ask-done")
for n, point in enumerate(ASK):
    old, new = hz(), 20 + n
    arm(point)
    value = pair.connect().call("CONFIG", "SET", "hz", new)
    if value[0] == "error":
        assert value[1].startswith(LOST), value
        assert hz() in (old, new)
    else:
        assert hz() == new
    assert pair.connect().call("CONFIG", "SET", "hz", 100 + n)[0] == "simple"
    assert hz() == 100 + n
    pair.check()

for point in ASK:
    for _ in range(5):
        pair.batch(8)
    arm(point)
    value = pair.connect().call("SWAPDB", 0, 1)
    if value[0] == "simple":
        pair.twin.ok("SWAPDB", 0, 1)
    else:
        assert value[1].startswith(LOST), value
        ours = pair.digest()
        if pair.twin.ok("DEBUG", "DIGEST")[1] != ours:
            pair.twin.ok("SWAPDB", 0, 1)
    pair.check()

for point in ("mend-begun", "mend-done", "mend-freed", "born"):
    for inner in ("noted", "changed", "log-copied", "log-published", "given"):
        before = deaths()
        arm(point)
        pair.connect().call("DEBUG", "FAULT", inner, "die", "once")
        for _ in range(200):
            if not pair.batch(8):
                break
        # The worker, and control or the worker's successor.
        node.until(10, lambda: deaths() >= before + 2, "both deaths")
        pair.check()
        pair.drop_connections()
assert pair.alm.stop() == 0
