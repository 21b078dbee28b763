"""a file that has grown is not rewritten again at once

A few keys are written as fast as it goes: from the end of a rewrite to the
beginning of the next one passes twenty times what it took, but five seconds at
most.  A rewrite that is asked for begins all the same.
"""

# limit 60s

import datetime
import re

import node

BEGUN = r"(\d+ \w+ \d+ [\d:.]+) \* the append-only file has grown"
ENDED = r"(\d+ \w+ \d+ [\d:.]+) \* the append-only file is rewritten: .* in " \
    r"(\d+) ms"

a = node.Node("a", ["--workers", "1", "--appendonly", "yes",
                    "--auto-aof-rewrite-min-size", "100kb"])
c = a.connect()


def ms(text):
    return datetime.datetime.strptime(
        text, "%d %b %Y %H:%M:%S.%f").timestamp() * 1000


def said(pattern):
    with open(a.log, encoding="utf-8") as f:
        return re.findall(pattern, f.read())


def write():
    c.pipeline([("SET", "k%d" % i, "x" * 10000) for i in range(50)])


def have_begun(count):
    write()
    return len(said(BEGUN)) >= count


node.until(30, lambda: have_begun(3), "three rewrites")
begun, ended = said(BEGUN), said(ENDED)
assert len(ended) >= 2, (begun, ended)
# The first rewrite of all makes the file; what a file has grown comes behind.
for at, took in ended[-2:]:
    later = [ms(b) - ms(at) for b in begun if ms(b) > ms(at)]
    # (What it took is counted in whole milliseconds.)
    assert not later or later[0] >= min(20 * int(took), 5000) - 20, (
        at, took, begun)

node.until(10, lambda: b"aof_rewrite_in_progress:0" in
           c.ok("INFO", "persistence")[1], "the end of the last one")


def is_asked():
    """Unless one has just begun by itself."""
    global before
    before = len(said(ENDED))
    return c.call("BGREWRITEAOF")[0] == "simple"


node.until(10, is_asked, "a question")
node.until(10, lambda: len(said(ENDED)) > before, "a rewrite that was asked")
