"""what is long: a line of MONITOR is redis-server's, a client's name that has
no room is refused, a client that asks for too much is in the log"""

import node

BIG = "x\n\x01\"\\" * 20000


def monitored(n):
    m = n.connect()
    m.ok("MONITOR")
    c = n.connect()
    c.ok("SET", "k", BIG)
    c.ok("MSET", *["w%d" % i for i in range(2000)])
    lines = [m.read()[1] for _ in range(2)]
    return [line[line.index(b"]"):] for line in lines]


a = node.Node("a", ["--workers", "2"], kind="almandined")
ours = monitored(a)
assert ours == monitored(node.Node("theirs", kind="redis"))
assert len(ours[0]) > 200000 and len(ours[1]) > 10000

# one of more than a megabyte is cut there
m = a.connect()
m.ok("MONITOR")
c = a.connect()
c.ok("SET", "k", "y" * (3 << 20))
line = m.read()[1]
assert len(line) > (1 << 20) - 1024 and line.endswith(b'yyy"'), len(line)

for bytes_, is_well in ((255, True), (256, False)):
    name = "n" * bytes_
    for words in (("CLIENT", "SETNAME", name), ("HELLO", "2", "SETNAME", name)):
        c = a.connect()
        got = c.call(*words)
        assert (got[0] != "error") == is_well, got
        assert c.ok("CLIENT", "GETNAME")[1:] == ((name.encode(),) if is_well
                                                 else ())
    if is_well:
        assert b" name=" + name.encode() in c.ok("CLIENT", "LIST")[1]
assert got == ("error", b"ERR Client names are limited to 255 bytes."), got
assert c.call("CLIENT", "SETINFO", "LIB-NAME", "l" * 128)[0] == "error"
c.ok("CLIENT", "SETINFO", "LIB-NAME", "l" * 127)

c.ok("CONFIG", "SET", "client-query-buffer-limit", "1mb")
d = a.connect()
own = d.ok("CLIENT", "ID")[1]
try:
    d.send_raw(b"*2\r\n$3\r\nGET\r\n$5000000\r\n" + b"z" * 4500000)
except (OSError, node.Gone):
    pass  # it was dropped before the end
node.until(10, lambda: a.log_has(
    r"client %d \(127\.0\.0\.1:\d+\) asks for more than "
    "client-query-buffer-limit allows" % own), "the line")
