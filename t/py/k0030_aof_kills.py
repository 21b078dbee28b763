"""the append-only file loses nothing that was promised, whoever dies

Writers write while the logger, workers, control, the saver of a rewrite and the
whole node are killed at random times.  With `always` everything acknowledged
is there after the restart, with `everysec` everything but the last second of
writing (a logger that gets no time to write makes writers wait); and
the file goes on being one that redis-check-aof accepts.  A replica, which may
have more than its primary after that one's end, has the same in the end.
"""

# limit 150s

import os
import random
import re
import subprocess
import time

import killing
import node
import writing

rand = random.Random(os.getpid())
alm = node.Node("alm", ["--workers", "2", "--appendonly", "yes",
                        "--appendfsync", "always", "--respawn-limit", "0",
                        "--auto-aof-rewrite-min-size", "100kb"],
                kind="almandined")
twin = node.Node("twin", ["--workers", "1", "--replicaof",
                          "127.0.0.1 %d" % alm.port], kind="almandined")
kills = restarts = 0


def info(c, section="persistence"):
    return dict(line.split(":", 1) for line in
                c.ok("INFO", section)[1].decode().split("\r\n")
                if ":" in line)


def check_twin(c):
    """Nobody writes now: the replica has exactly what its primary has."""
    t = twin.connect(seconds=30)

    def is_level():
        mine, its = info(c, "replication"), info(t, "replication")
        return its["master_link_status"] == "up" and \
            its["master_replid"] == mine["master_replid"] and \
            its["slave_repl_offset"] == mine["master_repl_offset"]
    node.until(30, is_level, "the replica")
    assert t.ok("DEBUG", "DIGEST") == c.ok("DEBUG", "DIGEST")
    t.close()


def check_files(may_be_cut):
    """redis-check-aof accepts the file, but for an end that a death cut."""
    where = os.path.join(alm.dir, "appendonlydir")
    done = subprocess.run(["redis-check-aof", os.path.join(
        where, "appendonly.aof.manifest")], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    text = done.stdout.decode()
    if may_be_cut and done.returncode != 0:
        left = re.search(r"diff=(\d+)\nAOF (\S+) is not valid", text)
        last = max((int(n.split(".")[2]), n) for n in os.listdir(where)
                   if n.endswith(".incr.aof") and n in text)[1]
        assert left and left.group(2) == last, text
        assert int(left.group(1)) < 1 << 20, text
    else:
        assert done.returncode == 0, text


def kill_some(seconds):
    """Kills processes of the node at random times; they are dead."""
    global kills
    pids = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        node.until(1, lambda t=time.monotonic() + rand.uniform(0.01, 0.15):
                   time.monotonic() > t)
        name = rand.choice(("logger", "logger", "worker 0", "worker 1",
                            "control", "saver"))
        try:
            pids.append(alm.hit(name))
            kills += 1
        except (node.Gone, ProcessLookupError):
            pass
    # One that waits for a disk would take a connection yet.
    node.until(20, lambda: not any(map(node.is_alive, pids)), "their ends")


for policy in ("always", "everysec"):
    alm.args[alm.args.index("--appendfsync") + 1] = policy
    alm.stop()
    alm.start()
    writers = writing.Writers(alm, 6)
    end = time.monotonic() + node.lasting(8)
    while time.monotonic() < end:
        kill_some(rand.uniform(0.2, 1))
        alm.kill()
        restarts += 1
        writers.pause()
        check_files(True)
        alm.start(seconds=30)
        c = alm.connect(seconds=30)
        writers.check(c, None if policy == "always" else
                      writers.last_second())
        killing.sound(c.ok)
        check_twin(c)
        c.close()
        writers.resume()
    # Without the end of the node nothing is lost at all.
    kill_some(1)
    writers.end()
    c = alm.connect(seconds=30)
    writers.check(c)
    node.until(20, lambda: info(c)["aof_rewrite_in_progress"] == "0",
               "the end of a rewrite")
    check_twin(c)
    digest = c.ok("DEBUG", "DIGEST")
    assert alm.stop() == 0
    check_files(False)
    alm.start(seconds=30)
    assert alm.connect().ok("DEBUG", "DIGEST") == digest
    assert writers.acked() > 100
    print("%s: %d acknowledged, %d kills, %d ends of the node" % (
        policy, writers.acked(), kills, restarts))
assert alm.stop() == 0
