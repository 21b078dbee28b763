"""ioredis does its ordinary work"""

import node

a = node.Node("a")
node.run_client("ioredis.js", a.port)
assert a.stop() == 0
