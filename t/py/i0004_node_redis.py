"""node-redis does its ordinary work"""

import node

a = node.Node("a")
node.run_client("node_redis.js", a.port)
assert a.stop() == 0
