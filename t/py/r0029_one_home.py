"""a second node in the directory of a cluster's node does not start"""

import subprocess

import node

FREE = "the cluster-config-file nodes.conf is in use by another node"

a = node.Node("a", ["--cluster-enabled", "yes"])
b = node.Node("b", ["--cluster-enabled", "yes"], start=False)
b.dir = a.dir
done = subprocess.run(b.command(), stdout=subprocess.PIPE,
                      stderr=subprocess.STDOUT, timeout=20 * node.SLOW)
assert done.returncode == 1, done.returncode
assert done.stdout.decode() == "almandined: %s\n" % FREE, done.stdout
# The files may be the same ones' when their names differ.
b.args += ["--cluster-config-file", "other.conf"]
b.start()
assert b.stop() == 0
# A node that was killed holds nothing.
a.hit("supervisor")
a.child.wait()
b.args = ["--cluster-enabled", "yes"]
b.start()
assert b.connect().ok("CLUSTER", "MYID")[1] != b""
assert b.stop() == 0
