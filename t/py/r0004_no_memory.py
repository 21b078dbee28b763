"""replies there is no memory for cost their connection, not the worker"""

import os
import resource

import node

if os.environ.get("ALMANDINE_SANITIZED"):
    node.skip("a sanitizer ends a process that is out of memory")
n = node.Node("a", ["--workers", "1"])
c = n.connect()
pid = n.process("worker 0")
# A linker that saves would leave out the allocator's library.
said = c.call("INFO", "memory")[1]
assert b"mem_private_allocator:jemalloc\r\n" in said, said
assert c.call("SET", "k", b"v" * (4 << 20)) == ("simple", b"OK")
with open("/proc/%d/statm" % pid) as f:
    bytes_now = int(f.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
limit = bytes_now + (100 << 20)
resource.prlimit(pid, resource.RLIMIT_AS, (limit, limit))

get = node.encode(["GET", "k"])
for text in (
        get * 40,
        node.encode(["MGET"] + ["k"] * 40),
        node.encode(["MULTI"]) + get * 40 +
        node.encode(["SET", "done", "1"]) + node.encode(["EXEC"])):
    d = n.connect()
    d.send_raw(text)
    assert d.is_closed(5)
    assert c.call("PING") == ("simple", b"PONG")
assert c.call("GET", "done") == ("bulk", b"1")
assert n.process("worker 0") == pid
