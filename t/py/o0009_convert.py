"""almandinectl convert: a redis.conf becomes a configuration that is taken,
and nothing of it is lost without a word"""

import os
import re
import subprocess

import node

CTL = os.path.join(os.path.dirname(node.almandined()), "almandinectl")
WHERE = node.directory()
PLAIN = """
# what Debian's file sets, in its own words
bind 127.0.0.1 -::1
protected-mode yes
port 6380
tcp-backlog 511
timeout 0
daemonize yes
pidfile /run/redis/redis-server.pid
loglevel notice
logfile /var/log/redis/redis-server.log
databases 16
always-show-logo no
set-proc-title yes
proc-title-template "{title} {listen-addr} {server-mode}"
stop-writes-on-bgsave-error yes
dbfilename dump.rdb
dir /var/lib/redis
replica-serve-stale-data yes
repl-diskless-load disabled
acllog-max-len 128
lazyfree-lazy-eviction no
oom-score-adj no
oom-score-adj-values 0 200 800
disable-thp yes
appendonly no
appendfilename "appendonly.aof"
appenddirname "appendonlydir"
no-appendfsync-on-rewrite no
aof-timestamp-enabled no
notify-keyspace-events ""
hash-max-listpack-entries 512
hll-sparse-max-bytes 3000
stream-node-max-bytes 4096
activerehashing yes
client-output-buffer-limit normal 0 0 0
client-output-buffer-limit replica 512mb 64mb 60
client-output-buffer-limit pubsub 32mb 8mb 60
dynamic-hz yes
jemalloc-bg-thread yes
"""
OTHER = """
  SAVE 900 1
save 300 10 60 10000
requirepass "a \\x22b\\" c"
include %s/more-*.conf
io-threads 4
maxmemory 1gb
maxmemory-policy allkeys-lru
tls-port 6381
user alice on >secret ~* +@all
rename-command CONFIG ""
loadmodule "/x\\ny.so"
hz 50""" % WHERE


def write(name, text):
    path = os.path.join(WHERE, name)
    with open(path, "w") as f:
        f.write(text)
    return path


def convert(path, code=0):
    done = subprocess.run([CTL, "convert", path], capture_output=True,
                          text=True, timeout=20)
    assert done.returncode == code, (path, done.stdout, done.stderr)
    return done.stdout if code == 0 else done.stderr


def understood(text):
    """What almandined makes of it."""
    done = subprocess.run([node.almandined(), "--check",
                           write("made.conf", text)],
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, (text, done.stderr)
    return dict(re.findall(r"^([\w-]+) = (.*)$", done.stdout, re.M))


def left(text):
    return text.partition("; Left out:\n")[2]


made = convert(write("plain.conf", PLAIN))
assert not left(made), made
got = understood(made)
for name, value in (
        ("bind", "127.0.0.1 -::1"), ("port", "6380"), ("daemonize", "yes"),
        ("logfile", "/var/log/redis/redis-server.log"),
        ("dir", "/var/lib/redis"), ("save", "3600 1 300 100 60 10000"),
        ("client-output-buffer-limit", "normal 0 0 0 slave 536870912 67108864 "
         "60 pubsub 33554432 8388608 60")):
    assert got[name] == value, (name, got[name])

write("more-1.conf", "appendonly yes\nbogus 1 2")
write("more-2.conf", "slowlog-max-len 9")
made = convert(write("other.conf", OTHER))
got = understood(made)
for name, value in (
        ("save", "900 1 300 10 60 10000"), ("maxmemory", "1073741824"),
        ("appendonly", "yes"), ("slowlog-max-len", "9"), ("hz", "50"),
        ("bind", "* -::*"), ("io-threads", "1")):
    assert got[name] == value, (name, got[name])
assert 'requirepass = a "b" c\n' in made, made
lines = left(made).splitlines()
for line, words in zip(lines, (
        "more-1.conf:2: bogus 1 2: there is no such",
        "io-threads 4: it has no effect. Processes", "allkeys-lru: argument",
        "tls-port 6381: argument must be", "user alice on >secret",
        "rename-command CONFIG : there is no", "loadmodule /x?y.so: there")):
    assert words in line and line.startswith("; "), (line, words)
assert len(lines) == 7, made

# what can not be read ends it with a sentence
assert "can not be read" in convert(os.path.join(WHERE, "none.conf"), 1)
assert "bad.conf:2: this is no line" in convert(
    write("bad.conf", 'port 1\nrequirepass "x'), 1)
assert "name = value already" in convert(write("own.conf", "port = 1"), 1)
assert "can not be included" in convert(
    write("self.conf", "include %s/self.conf" % WHERE), 1)

# this machine's own
if os.access("/etc/redis/redis.conf", os.R_OK):
    assert not left(convert("/etc/redis/redis.conf"))
