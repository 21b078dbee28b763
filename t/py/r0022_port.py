"""A node's port is free at once when the node has ended, however its workers
did: they are killed here, because there is nothing to load."""

import os

import node

a = node.Node("a", start=False)
with open(os.path.join(a.dir, "dump.rdb"), "wb") as f:
    f.write(b"this is no snapshot" * 5000)
for _ in range(int(node.lasting(20))):
    before = os.path.getsize(a.log) if os.path.exists(a.log) else 0
    try:
        a.start(seconds=30)
        raise AssertionError("a node started from what is no snapshot")
    except node.Gone:
        with open(a.log, "rb") as f:
            f.seek(before)
            said = f.read().decode()
        assert "dump.rdb is damaged at byte 0" in said, said
