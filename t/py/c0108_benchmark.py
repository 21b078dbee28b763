"""redis-benchmark --cluster, and a cluster of IPv6 addresses"""

# limit 60s

import shutil
import subprocess

import clustering as cl
import node

nodes = cl.start(["almandined"] * 3)
cl.create(nodes, replicas=0)
cl.agreed(nodes)
done = subprocess.run(
    ["redis-benchmark", "-p", str(nodes[0].port), "--cluster", "-n", "3000",
     "-c", "9", "-r", "1000", "-P", "4", "-t", "set,get,incr,lpush,mset",
     "--csv"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
text = done.stdout.decode()
assert done.returncode == 0 and "rror" not in text, text
for name in ("SET", "GET", "INCR", "LPUSH"):
    assert '"%s' % name in text, text
for n in nodes:
    assert n.connect().ok("DBSIZE")[1] > 10
    cl.check(n)
for n in nodes:
    # The others have the same names.
    n.stop()
    shutil.rmtree(n.dir)

try:
    six = cl.start(["almandined"] * 3, places=[node.HERE6] * 3)
except OSError as e:
    node.skip("no IPv6 here: %s" % e)
for i, n in enumerate(six):
    c = n.connect()
    c.ok("CLUSTER", "ADDSLOTSRANGE", i * 5461, i * 5461 + 5460 + (i == 2))
    c.ok("CLUSTER", "SET-CONFIG-EPOCH", i + 1)
for n in six[1:]:
    six[0].connect().ok("CLUSTER", "MEET", "::1", n.port, n.bus)
cl.agreed(six)
for words in cl.lines(six[0]).values():
    assert words[1].startswith("::1:"), words
slots = six[0].connect().ok("CLUSTER", "SLOTS")[1]
assert {x[1][2][1][0][1] for x in slots} == {b"::1"}, slots
got = [six[0].connect().call("SET", "k%d" % i, i) for i in range(9)]
assert any(x[0] == "error" and b" ::1:" in x[1] for x in got), got
