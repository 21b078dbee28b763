"""a logger that is far behind makes writers wait, and nobody else

The logger is slow for a while, and its writers do not wait for answers (always:
no write is too old there): the log grows up to a limit, where they wait and
readers do not; afterwards everything is in the file.
"""

# limit 60s

import threading
import time

import node

if node.SLOW > 1:
    node.skip("this build does not write fast enough to be waited for")
LIMIT = 256 << 20   # of what the disk does not have
BIG = 4 << 20
COUNT = 90

alm = node.Node("alm", ["--workers", "2", "--appendonly", "yes",
                        "--appendfsync", "always",
                        "--auto-aof-rewrite-percentage", "0"],
                kind="almandined")
c, writer = alm.connect(), alm.connect(seconds=60)
if b"no fault points" in c.call("DEBUG", "FAULT", "cut", "off")[1]:
    node.skip("no fault points in this build")


def buffered():
    text = c.ok("INFO", "persistence")[1].decode()
    return int(text.split("aof_buffer_length:")[1].split("\r")[0])


data = [node.encode(("SET", "big%d" % i, b"x" * BIG)) for i in range(2)]


def write():
    for i in range(COUNT):
        writer.send_raw(data[i % 2])


c.ok("SET", "k", "v")
c.ok("DEBUG", "FAULT", "aof-write", "hold", "300")
thread = threading.Thread(target=write, daemon=True)
thread.start()
most, slowest, grown = 0, 0, time.monotonic()
while True:
    begin = time.monotonic()
    assert c.ok("GET", "k") == ("bulk", b"v")
    slowest = max(slowest, time.monotonic() - begin)
    now = buffered()
    if now > most:
        most, grown = now, begin
    # Writers wait, or all has come: the logger may go on.
    if begin - grown > 0.6 and most > LIMIT // 2:
        break
c.ok("DEBUG", "FAULT", "aof-write", "off")
for _ in range(COUNT):
    assert writer.read() == ("simple", b"OK")
thread.join()
print("at most %d MB behind, slowest read %d ms" % (most >> 20,
                                                    slowest * 1000))
assert most <= LIMIT + 3 * BIG, most
assert slowest < 1 * node.SLOW, slowest
node.until(20, lambda: buffered() == 0, "all to be written")
now = c.ok("DEBUG", "DIGEST")
alm.kill()
alm.start(seconds=30)
assert alm.connect().ok("DEBUG", "DIGEST") == now
