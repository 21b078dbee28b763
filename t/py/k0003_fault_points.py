"""at every named point of a write a worker is killed, and nothing is lost"""

# limit 120s

import os
import re

import killing
import node

HERE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
ROUNDS = 600     # batches until a point must have been met
TIMES = 3        # deaths at each point
MEND_MS = 100

with open(os.path.join(HERE, "shm", "fault.def")) as f:
    points = re.findall(r'^FAULT_POINT\(\w+, "([^"]+)"', f.read(), re.M)
write_points = points[:points.index("publish-before")]
assert len(write_points) >= 15

pair = killing.Pair()
if b"no fault points" in pair.ask("DEBUG", "FAULT", "noted", "off")[1]:
    node.skip("this build has no fault points")


def deaths():
    info = pair.ask("INFO", "server")[1]
    return int(re.search(rb"process_deaths:(\d+)", info).group(1))


for _ in range(100):
    pair.batch(8)
for point in write_points:
    for _ in range(TIMES):
        before = deaths()
        try:
            pair.connect().ok("DEBUG", "FAULT", point, "die", "once")
        except node.Gone:
            pass  # it was met at once
        rounds = 0
        while deaths() == before:
            pair.batch(pair.random.randrange(1, 9))
            rounds += 1
            assert rounds < ROUNDS, "%s is never met" % point
        pair.check()
        pair.drop_connections()

mended = re.search(rb"longest_mend_usec:(\d+)", pair.ask("INFO", "stats")[1])
assert int(mended.group(1)) < MEND_MS * 1000 * node.SLOW, mended.group()
print("%d changes, %d deaths" % (pair.changes, deaths()))
