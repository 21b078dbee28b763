"""EXEC of keys and of questions to control: control dies while it is asked, the
client is gone meanwhile, writes have to last before they are answered"""

import node

OK = ("simple", b"OK")


def execute(c, *commands):
    c.ok("MULTI")
    for words in commands:
        assert c.call(*words) == ("simple", b"QUEUED"), words
    return c.call("EXEC")


a = node.Node("a", ["--workers", "3"])
c = a.connect()

# As many as there is room for, and more.
most = [("CONFIG", "SET", "hz", 10 + i) for i in range(32)]
assert execute(c, ("SET", "k", 1), *most) == ("array", [OK] * 33)
assert c.ok("CONFIG", "GET", "hz")[1][1] == ("bulk", b"41")
c.ok("MULTI")
for words in most + [("SET", "k", 2)]:
    assert c.call(*words) == ("simple", b"QUEUED"), words
assert b"so many of its kind" in c.call("CONFIG", "SET", "hz", 10)[1]
assert c.call("EXEC")[1].startswith(b"EXECABORT")
assert c.ok("GET", "k")[1] == b"1"
assert c.ok("CONFIG", "GET", "hz")[1][1] == ("bulk", b"41")

# Control that dies leaves an answer; the keys are what they are.
if node.has_faults(c):
    c.ok("DEBUG", "FAULT", "ask-begun", "die", "once")
    got = execute(c, ("CONFIG", "SET", "hz", 11), ("INCR", "k"),
                  ("CLIENT", "UNPAUSE"))[1]
    assert got[1] == ("int", 2) or got[1] == ("integer", 2), got
    assert all(x[0] == "error" and b"replaced" in x[1]
               for x in (got[0], got[2])), got
    assert execute(c, ("INCR", "k"), ("CONFIG", "SET", "hz", 12))[1][1] == OK
    # Other clients of the worker go on while control thinks; who is gone is.
    with node.holds(a, "ask-begun") as is_held:
        gone = [a.connect() for _ in range(8)]
        for x in gone:
            x.send_raw(b"".join(node.encode(w) for w in [
                ("MULTI",), ("INCR", "n"), ("CONFIG", "RESETSTAT"),
                ("EXEC",)]))
        node.until(5, is_held, "the question")
        node.until(5, lambda: c.ok("GET", "n")[1] == b"8", "the keys")
        for x in gone:
            x.close()
    node.until(10, lambda: execute(c, ("GET", "n"), ("CLIENT", "UNPAUSE"))
               == ("array", [("bulk", b"8"), OK]), "the others' end")
assert a.stop() == 0

# Its writes wait for the disk, or for replicas, as those of any EXEC.
b = node.Node("b", ["--appendonly", "yes", "--appendfsync", "always"])
c = b.connect()
assert execute(c, ("INCR", "k"), ("CONFIG", "SET", "hz", 12))[1][1] == OK
c.ok("CONFIG", "SET", "min-replicas-to-ack", 1)
c.ok("CONFIG", "SET", "min-replicas-to-ack-timeout", 100)
got = execute(c, ("INCR", "k"), ("CONFIG", "SET", "hz", 13))
assert got[0] == "error" and got[1].startswith(b"INDOUBT"), got
got = execute(c, ("GET", "k"), ("CONFIG", "SET", "hz", 14))
assert got == ("array", [("bulk", b"2"), OK]), got
b.hit("supervisor")
b.child.wait()
b.start()
assert b.connect().ok("GET", "k")[1] == b"2"
assert b.stop() == 0
