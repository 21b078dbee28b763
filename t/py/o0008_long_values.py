"""a value of several kilobytes: CONFIG SET, CONFIG REWRITE, a start from that
file, CONFIG GET"""

import os

import node

NETWORKS = " ".join("10.%d.%d.0/24" % (i // 10, i % 10) for i in range(250))
PASS = "p" * 511
assert len(NETWORKS) > 3000
path = os.path.join(node.directory(), "a.conf")
with open(path, "w") as f:
    f.write("# " + "long " * 500 + "\nslowlog-max-len = 7\n")

a = node.Node("a", [path], kind="almandined")
c = a.connect()
c.ok("CONFIG", "SET", "cluster-bus-allow", NETWORKS, "requirepass", PASS)
c.ok("CONFIG", "REWRITE")
a.stop()
a.start()
c = a.connect()
c.ok("AUTH", PASS)


def get(name):
    return c.ok("CONFIG", "GET", name)[1][1][1].decode()


assert get("cluster-bus-allow") == NETWORKS
assert get("slowlog-max-len") == "7"
c.ok("CONFIG", "SET", "cluster-bus-allow", NETWORKS + " ::1")
c.ok("CONFIG", "REWRITE")
with open(path) as f:
    lines = f.read().split("\n")
assert [line for line in lines if "::1" in line] == [
    "cluster-bus-allow = " + NETWORKS + " ::1"], lines
