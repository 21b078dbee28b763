"""COMMAND INFO of commands that redis-server knows as well: arity, flags,
positions of keys and what is done with them, categories; the keys and flags of
some requests"""

import node

# What 7.2 changed or what is meant to be otherwise, each with its reason.
OTHERWISE = {
    ("zrank", "arity"), ("zrevrank", "arity"),    # WITHSCORE
    ("command|getkeys", "arity"),                 # commands without arguments
    ("command|getkeysandflags", "arity"),
    ("migrate", "flags"),                         # not inside MULTI
    ("debug", "flags"), ("debug", "categories"),  # a container here
}
# What needs no data is answered while they are loaded: newer servers, too.
OTHERWISE |= {("cluster|" + word, "flags") for word in (
    "count-failure-reports", "info", "keyslot", "links", "myid", "nodes",
    "replicas", "shards", "slaves", "slots")}
REQUESTS = """
SET k v|SET k v GET|GET k|BITFIELD k GET u8 0|BITFIELD k SET u8 0 1|DEL a b
COPY a b|SORT a STORE b|ZUNIONSTORE d 2 a b|SUNIONSTORE d a b|LMOVE a b LEFT LEFT
BLMPOP 0 2 a b LEFT|MSET a 1 b 2|BITOP NOT a b|OBJECT ENCODING k|RENAME a b
"""


def plain(value):
    """A reply without the difference between RESP2 and RESP3."""
    if value[0] in ("array", "set"):
        return [plain(x) for x in value[1]]
    if value[0] == "map":
        return [plain(x) for pair in value[1] for x in pair]
    return value[1] if len(value) > 1 else None


def spec(text):
    """A key specification; notes are words for people."""
    d = dict(zip(text[::2], text[1::2]))
    return sorted(d[b"flags"]), d[b"begin_search"], d[b"find_keys"]


def rows(n):
    """{name: {what: value}} of all commands and subcommands."""
    out = {}

    def put(row):
        name, arity, flags, first, last, step, acl, _tips, specs, subs = row
        out[name.decode()] = {
            "arity": arity, "flags": sorted(flags),
            "keys": (first, last, step), "categories": sorted(acl),
            "specifications": [spec(s) for s in specs]}
        for sub in subs:
            put(sub)

    for row in plain(n.connect().call("COMMAND")):
        put(row)
    return out


nodes = [node.Node("ours", kind="almandined"), node.Node("theirs", kind="redis")]
ours, theirs = [rows(n) for n in nodes]
both = sorted(set(ours) & set(theirs))
assert len(both) > 200, len(both)
bad = ["%s, %s: %r here, %r there" % (name, what, ours[name][what],
                                     theirs[name][what])
       for name in both for what in theirs[name]
       if ours[name][what] != theirs[name][what] and
       (name, what) not in OTHERWISE]
assert not bad, "\n".join(bad)

a, b = [n.connect() for n in nodes]
for text in REQUESTS.strip().replace("\n", "|").split("|"):
    words = ["COMMAND", "GETKEYSANDFLAGS"] + text.split()
    x, y = [[(k, sorted(flags)) for k, flags in plain(c.call(*words))]
            for c in (a, b)]
    assert x == y, (text, x, y)

# --- the names, subcommands too

shared = set(both) - {"debug"}
for filter_by in ([], ["PATTERN", "c*"], ["PATTERN", "*|g*"],
                  ["ACLCAT", "connection"], ["ACLCAT", "slow"],
                  ["ACLCAT", "nothing"], ["MODULE", "m"]):
    words = ["FILTERBY"] + filter_by if filter_by else []
    listed = [sorted(name.decode() for name in plain(n.connect().call(
        "COMMAND", "LIST", *words)) if name.decode() in shared) for n in nodes]
    assert listed[0] == listed[1], (filter_by, set(listed[0]) ^ set(listed[1]))
