"""options that redis-server knows: each is known here with its default, or is
in a list with the reason; what has no effect is taken and said in the log"""

import node

# What redis-server 7.0 has and we refuse: it promises what is not there.
NOT_THERE = {
    "bind-source-addr", "socket-mark-id", "cluster-announce-tls-port",
    "propagation-error-behavior", "replica-ignore-disk-write-errors",
    "replica-ignore-maxmemory", "slave-ignore-maxmemory",
    "shutdown-on-sigint", "shutdown-on-sigterm", "aof-disable-auto-gc",
}
# What a test's node or a session of its own decides, and names of our own.
OTHERWISE = {"bind", "dir", "pidfile", "port", "save", "syslog-ident",
             "logfile", "enable-debug-command", "unixsocket"}
IDLE = {"io-threads": "4", "lazyfree-lazy-user-del": "yes",
        "proc-title-template": "{title}", "supervised": "systemd"}


def settings(n):
    value = n.connect().call("CONFIG", "GET", "*")
    words = [w[1].decode() for w in value[1]]
    return dict(zip(words[::2], words[1::2]))


theirs = settings(node.Node("theirs", kind="redis"))
a = node.Node("ours", [w for name in IDLE for w in ("--" + name, IDLE[name])],
              kind="almandined")
ours = settings(a)
missing = {name for name in theirs if name not in ours and
           not name.startswith("tls-")}
assert missing == NOT_THERE, missing ^ NOT_THERE
for name in set(theirs) & set(ours) - OTHERWISE:
    wanted = IDLE.get(name, theirs[name])
    assert ours[name] == wanted, (name, ours[name], wanted)

node.until(5, lambda: a.log_has("ready to accept"), "the start")
with open(a.log) as f:
    lines = [line for line in f if "have no effect" in line]
assert len(lines) == 1, lines
assert set(lines[0].split(":")[-1].split()) == set(IDLE), lines

# they are set and kept like others, and checked like others
c = a.connect()
assert c.ok("CONFIG", "SET", "io-threads", "2", "activedefrag", "yes")
assert settings(a)["io-threads"] == "2"
for name, value in (("io-threads", "129"), ("activedefrag", "maybe"),
                    ("tls-port", "6380"), ("aclfile", "users.acl")):
    assert c.call("CONFIG", "SET", name, value)[0] == "error", name
