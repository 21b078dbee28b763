"""a snapshot under writes of all types is what there was at its cut

redis-server loads it; redis-check-rdb finds it sound; we start from it, and
from what redis-server writes.
"""

# limit 100s

import os
import shutil
import time

import killing
import node
import snapping

s = snapping.Snapping()
s.fill(90000)
s.begin_load()
end, saves, keys = time.monotonic() + node.lasting(6), 0, 0
while time.monotonic() < end:
    assert s.save(), s.alm.log_tail()
    keys = s.check_file()
    saves += 1
    if saves % 3 == 0:
        s.ask("SWAPDB", 0, 1)
handed = s.alm.connect().ok("INFO", "persistence")[1].decode()
s.end_load()
assert s.save()
s.check_file()
killing.sound(s.ask)
digest = s.digest()
assert s.loads.ok("DEBUG", "DIGEST")[1] == digest
print("%d snapshots, %d keys, %d changes" % (saves, keys, s.changes))

# A node starts from it; so does one from redis-server's.
again = node.Node("again", start=False)
shutil.copy(s.file, os.path.join(again.dir, "dump.rdb"))
again.start(seconds=30)
assert again.connect(seconds=30).ok("DEBUG", "DIGEST")[1] == digest
again.stop()
s.loads.ok("SAVE")
theirs = node.Node("theirs", start=False)
shutil.copy(os.path.join(s.loader.dir, "dump.rdb"),
            os.path.join(theirs.dir, "dump.rdb"))
theirs.start(seconds=30)
assert theirs.connect(seconds=30).ok("DEBUG", "DIGEST")[1] == digest
