"""no more than a second of writes is only in memory, however slow the disk

The logger is held in a write.  With everysec and no, writers wait as soon as
something is a second old that the kernel does not have, and readers do not;
when the logger goes on, so do they.  When the node dies instead, all but that
second is there.
"""

# limit 60s

import time

import node
import writing

alm = node.Node("alm", ["--workers", "2", "--appendonly", "yes",
                        "--auto-aof-rewrite-percentage", "0",
                        "--stall-timeout", "60000"],
                kind="almandined")
c = alm.connect(seconds=30)
if not node.has_faults(c):
    node.skip("no fault points in this build")


def buffered():
    return int(c.ok("INFO", "persistence")[1].decode().split(
        "aof_buffer_length:")[1].split("\r")[0])


def stand_still(writers):
    """Waits until nobody has written for a while; how much was written."""
    def still():
        before = writers.acked()
        end = time.monotonic() + 0.3
        node.until(1, lambda: time.monotonic() > end)
        return writers.acked() == before and before
    return node.until(20, still, "writers that wait")


for policy in ("everysec", "no")[:2 if node.LONG > 1 else 1]:
    c.ok("CONFIG", "SET", "appendfsync", policy)
    writers = writing.Writers(alm, 3)
    node.until(10, lambda: writers.acked() > 100, "writes")
    with node.holds(alm, "aof-write") as is_held:
        node.until(10, is_held, "a write that is held")
        stopped = stand_still(writers)
        assert buffered() > 0, "nobody waited"
        begin = time.monotonic()
        c.ok("LLEN", "w0")
        assert time.monotonic() - begin < 1 * node.SLOW
    node.until(20, lambda: writers.acked() > stopped, "writes again")
    # Now the node dies.
    c.ok("DEBUG", "FAULT", "aof-write", "hold", 600000, "once")
    stand_still(writers)
    alm.kill()
    writers.pause()
    alm.start(seconds=30)
    c = alm.connect(seconds=30)
    writers.check(c, writers.last_second())
    writers.resume()
    node.until(10, lambda: writers.acked() > stopped, "writes")
    writers.end()
    c.ok("FLUSHALL")
