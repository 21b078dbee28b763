"""snapshots that fail: MISCONF, recovery; save rules, LASTSAVE, INFO, SIGTERM

The directory can not be written: BGSAVE fails, writes are refused where there
are save rules, reads go on, and the next snapshot that succeeds ends it.
BGSAVE's answers beside one that runs.  INFO's fields are redis-server's.
"""

# limit 60s

import contextlib
import os
import re
import signal
import time

import feeding
import following
import node

RULES = "3600 1 300 100 60 10000"


def info(section="persistence"):
    return following.info(c, section)


def ended(saves):
    """The result of the next BGSAVE."""
    node.until(20, lambda: info()["rdb_bgsave_in_progress"] == "0" and
               saves(), "the end")
    return info()["rdb_last_bgsave_status"]


def misconf(*words):
    value = c.call(*words)
    return value[0] == "error" and value[1].startswith(b"MISCONF")


def is_hurt():
    """A directory in the snapshot's place: renaming onto it fails, for root
    too."""
    os.mkdir(os.path.join(a.dir, "hurt.rdb"))
    open(os.path.join(a.dir, "hurt.rdb", "x"), "w").close()
    c.ok("CONFIG", "SET", "dbfilename", "hurt.rdb")


a = node.Node("a", ["--workers", "2", "--save", RULES,
                    "--enable-protected-configs", "local"])
c = a.connect(seconds=30)
born = c.ok("LASTSAVE")[1]
assert abs(born - time.time()) < 60
assert info()["rdb_changes_since_last_save"] == "0"
assert info()["rdb_last_bgsave_time_sec"] == "-1"
c.ok("MSET", "a", 1, "b", 2)
c.ok("SET", "c", 3)
assert info()["rdb_changes_since_last_save"] == "2", info()
assert c.ok("BGSAVE")[1] == b"Background saving started"
node.until(10, lambda: info()["rdb_saves"] == "1", "the snapshot")
assert info()["rdb_changes_since_last_save"] == "0"
assert info()["rdb_last_bgsave_status"] == "ok"
assert c.ok("LASTSAVE")[1] >= born
assert info()["rdb_last_save_time"] == str(c.ok("LASTSAVE")[1])

# --- one that fails

is_hurt()
c.ok("SET", "a", 2)
c.ok("BGSAVE")
assert ended(lambda: info()["rdb_last_bgsave_status"] == "err") == "err"
assert info()["rdb_changes_since_last_save"] == "1"
for words in (("SET", "a", 1), ("PING",), ("DEL", "a"), ("FLUSHALL",)):
    assert misconf(*words), words
c.ok("MULTI")
assert misconf("SET", "a", 1)
value = c.call("EXEC")
assert value[0] == "error" and value[1].startswith(b"EXECABORT"), value
assert c.ok("GET", "a")[1] == b"2"
assert c.call("SAVE")[0] == "error"
assert not [n for n in os.listdir(a.dir) if n.startswith("temp")]
# Without save rules nobody minds, nor when it is not wanted.
c.ok("CONFIG", "SET", "save", "")
c.ok("SET", "a", 3)
c.ok("CONFIG", "SET", "save", RULES)
assert misconf("SET", "a", 1)
c.ok("CONFIG", "SET", "stop-writes-on-bgsave-error", "no")
c.ok("SET", "a", 4)
c.ok("CONFIG", "SET", "stop-writes-on-bgsave-error", "yes")
assert misconf("SET", "a", 1)
# SIGTERM does not end it: what there is could not be saved.
a.child.send_signal(signal.SIGTERM)
node.until(10, lambda: a.log_has("the node does not end"), "the refusal")
assert a.child.poll() is None
assert c.ok("GET", "a")[1] == b"4"
# It recovers.
c.ok("CONFIG", "SET", "dbfilename", "dump.rdb")
ended(lambda: True)
c.ok("BGSAVE")
assert ended(lambda: info()["rdb_last_bgsave_status"] == "ok") == "ok"
c.ok("SET", "a", 5)
assert c.ok("PING")[1] == b"PONG"

# --- beside one that runs

for i in range(20):
    c.ok("MSET", *(w for j in range(1000)
                   for w in ("k%d:%d" % (i, j), "v" * 90)))


def is_stopped():
    """One that is stopped half way, if it is slow enough."""
    with contextlib.suppress(node.Gone, ProcessLookupError):
        a.hit("saver", signal.SIGCONT)
    assert ended(lambda: True) == "ok"
    c.ok("BGSAVE")
    return a.halt("saver") and \
        int(info()["current_save_keys_processed"]) < 20000 and \
        info()["rdb_bgsave_in_progress"] == "1"


node.until(20, is_stopped, "a snapshot that can be stopped")
for words in (("BGSAVE",), ("BGSAVE", "SCHEDULE"), ("SAVE",)):
    assert c.call(*words) == (
        "error", b"ERR Background save already in progress"), words
assert int(info()["rdb_current_bgsave_time_sec"]) >= 0
node.until(5, lambda: int(info()["current_save_keys_total"]) >= 20000,
           "what all are told of it")
# Beside one for replicas it has to wait.
a.hit("saver", signal.SIGCONT)
assert ended(lambda: True) == "ok"

# --- beside one for replicas

c.ok("CONFIG", "SET", "repl-diskless-sync-delay", 0)


def is_syncing():
    """A snapshot for a replica, stopped half way."""
    node.until(5, lambda: "saver" not in a.processes(), "no saver")
    r = feeding.Replica(a)
    r.send("PSYNC", "?", -1)
    try:
        node.until(5, lambda: "saver" in a.processes(), "a saver")
    except AssertionError:
        return None
    if not a.halt("saver"):
        return None
    return r if c.call("BGSAVE")[0] == "error" else None


replica = node.until(30, is_syncing, "a snapshot that can be stopped")
assert c.call("BGSAVE")[1].startswith(b"ERR Another child process is active")
saves = info()["rdb_saves"]
assert c.ok("BGSAVE", "SCHEDULE")[1] == b"Background saving scheduled"
a.hit("saver", signal.SIGCONT)
node.until(20, lambda: info()["rdb_saves"] != saves, "the one that waited")
replica.close()

# --- rules

saves = int(info()["rdb_saves"])
c.ok("CONFIG", "SET", "save", "1 3")
c.pipeline([("SET", "rule", i) for i in range(5)])
node.until(10, lambda: int(info()["rdb_saves"]) == saves + 1, "the rule")
assert a.log_has("3 changes in 1 seconds: saving")
c.ok("CONFIG", "SET", "save", RULES)

# --- SIGTERM saves

c.ok("SET", "last", 1)
ends = a.log_count("signal 15: ending")
a.child.send_signal(signal.SIGTERM)
node.until(5, lambda: a.log_count("signal 15: ending") > ends, "the end")
# An init script that repeats it takes nothing away.
assert a.stop() == 0
assert not a.log_has("ending at once")
a.start()
c = a.connect()
assert c.ok("GET", "last")[1] == b"1"
assert int(info()["rdb_last_load_keys_loaded"]) == c.ok("DBSIZE")[1]
assert info()["rdb_last_load_keys_expired"] == "0"

# --- fields

r = node.Node("r", kind="redis")
for section in ("persistence", "replication"):
    theirs = following.info(r, section)
    ours = info(section)
    missing = set(theirs) - set(ours)
    assert not missing, missing
    number = re.compile(r"-?\d{1,20}(\.\d+)?")
    for name, value in theirs.items():
        assert (number.fullmatch(value) is None) == (
            number.fullmatch(ours[name]) is None), (name, value, ours[name])
assert a.stop() == 0
