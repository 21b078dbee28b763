"""CLUSTER's subcommands with good and bad arguments: word for word what
redis-server says; and those that only we have say what is wrong"""

import clustering as cl
import node

# Whom they are told to meet stays in a handshake until this is over.
cl.TIMEOUT_MS = 60000
ours, theirs = cl.start(["almandined", "redis"])
nodes = [ours, theirs]
UNKNOWN = "0" * 40


def says(n, words):
    got = n.connect().call("CLUSTER", *words)
    if got[0] in ("error", "simple"):
        text = got[1].decode()
        return text.replace(cl.myid(n), "ME").replace(str(n.port), "PORT")
    return got[0]


bad = []


def compare(all_words):
    for words in all_words:
        words = words.split() if isinstance(words, str) else words
        said = [says(n, [{"ME": cl.myid(n)}.get(w, w) for w in words])
                for n in nodes]
        if said[0] != said[1]:
            bad.append("%s\n  ours   %s\n  theirs %s" % (
                " ".join(map(str, words))[:80], said[0], said[1]))


# FAILOVER takes more words than theirs.
NONE = ["failover", "meet", "forget", "addslots", "addslotsrange", "delslots",
        "delslotsrange", "flushslots", "setslot", "replicate",
        "set-config-epoch", "bumpepoch", "reset", "saveconfig",
        "count-failure-reports", "countkeysinslot",
        "getkeysinslot", "info", "keyslot", "links", "myid", "nodes",
        "replicas", "slaves", "shards", "slots", "help", "nothing", ""]
compare([[w] for w in NONE if w not in ("bumpepoch", "reset", "saveconfig",
                                        "flushslots")])
compare([[w, "x"] for w in NONE[1:]])
compare([[w, "x", "y"] for w in NONE[1:]])
compare([[w, "x", "y", "z"] for w in NONE[1:]])
compare([[w, "x", "y", "z", "a", "b"] for w in NONE[1:]])
compare(["addslots -1", "addslots 16384", "addslots 1 1", "addslots 1 x",
         "addslots 99999999999999999999", "addslots 1.5", "addslots 0x1",
         "addslotsrange 5 1", "addslotsrange 1 5 5 9", "addslotsrange 1 2 3",
         "addslotsrange -1 5", "addslotsrange 1 16384", "addslotsrange 1 x",
         "delslots 5", "delslotsrange 1 2", "delslots 16384",
         "delslotsrange 2 1", "delslotsrange 1"])
compare(["addslots 1 2 3", "addslots 3 4", "addslotsrange 10 20",
         "addslotsrange 15 30", "delslots 3 4", "delslots 3",
         "delslotsrange 19 22", "delslotsrange 10 20", "flushslots",
         "flushslots", "addslots 1 2 3"])
compare(["meet 127.0.0.1 x", "meet 127.0.0.1 0", "meet 127.0.0.1 99999",
         "meet 127.0.0.1 -1", "meet nowhere 7000", "meet 1.2.3 7000",
         "meet 127.0.0.1 7000 x", "meet 127.0.0.1 7000 99999",
         "meet 127.0.0.1 60000", "meet 127.0.0.1 7000 0",
         "meet 256.1.1.1 7000"])
compare(["forget " + UNKNOWN, "forget ME", "replicate " + UNKNOWN,
         "replicate ME", "replicas " + UNKNOWN, "replicas ME",
         "slaves ME", "count-failure-reports ME",
         "count-failure-reports " + UNKNOWN])
compare(["setslot 1 stable", "setslot 1 stable x", "setslot x stable",
         "setslot 16384 stable", "setslot -1 stable", "setslot 1 migrating",
         "setslot 1 migrating " + UNKNOWN, "setslot 9 migrating ME",
         "setslot 1 migrating ME", "setslot 1 importing ME",
         "setslot 9 importing " + UNKNOWN, "setslot 9 importing ME",
         "setslot 9 node", "setslot 9 node " + UNKNOWN, "setslot 9 node ME",
         "setslot 9 somewhere ME", "setslot 9 node ME x", "setslot 9",
         "setslot 1 stable"])
compare(["countkeysinslot x", "countkeysinslot -1", "countkeysinslot 16384",
         "countkeysinslot 0", "getkeysinslot 0 10", "getkeysinslot 0 x",
         "getkeysinslot 16384 1", "getkeysinslot -1 1", "getkeysinslot 0 -1",
         "keyslot a", "keyslot a b"])
compare(["failover", "failover force", "failover takeover"])
compare(["set-config-epoch x", "set-config-epoch -1", "set-config-epoch 7",
         "set-config-epoch 8", "bumpepoch", "bumpepoch", "saveconfig"])
compare(["reset x", "reset hard x", "reset soft", "flushslots"])
compare(["addslotsrange 0 16383"])
for n in nodes:
    node.until(10, lambda: cl.info(n, "cluster_state") == "ok", "the cluster")
    n.connect().ok("SET", "k", 1)
compare(["reset", "reset hard", "flushslots", "delslots 1",
         "setslot 12706 node " + UNKNOWN])
assert not bad, "\n".join(bad)

# Ten thousand arguments in one piece.
for n in nodes:
    c = n.connect()
    c.ok("FLUSHALL")
    c.ok("CLUSTER", "RESET")
    c.ok("CLUSTER", "ADDSLOTS", *range(10000))
    assert cl.info(n, "cluster_slots_assigned") == "10000"
    got = c.call("CLUSTER", "DELSLOTS", *range(1, 10001))
    assert got == ("error", b"ERR Slot 10000 is already unassigned"), got
    c.ok("CLUSTER", "DELSLOTS", *range(9999, -1, -1))
    got = c.call("CLUSTER", "ADDSLOTS", *(list(range(10000)) * 5))
    assert got == ("error", b"ERR Slot 0 specified multiple times"), got
    assert cl.info(n, "cluster_slots_assigned") == "0"

# HELP names every subcommand there is.
c = ours.connect()
text = b" ".join(x[1] for x in c.ok("CLUSTER", "HELP")[1]).upper()
there = [x[1][0][1] for x in c.ok("COMMAND", "INFO", "CLUSTER")[1][0][1][-1][1]]
for name in there:
    assert name.split(b"|")[1].upper() in text, name
names = {x.split(b"|")[1].decode() for x in there}
for word in NONE[:-2] + ["banlist", "myparentid", "endpoint", "slotstate",
                         "setslotsrange", "delkeysinslot", "slot-stats",
                         "delkeysinslotrange", "myshardid"]:
    assert word in names, word
