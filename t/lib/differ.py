"""differ - random requests, and when two replies to one are the same

Grammar: each command is a line "name arguments", where a word in capitals is
literal, a word in lower case names a generator (gens), [x] may be left out,
a|b is one of them and x* is one to four of them.  A request in fifty is
broken on purpose: a word too many, too few, or something odd in its place.

compare() knows what may differ: order where there is none, times that pass,
random picks.  Everything else must be equal to the byte.

Not here: servers and the loop (t/py/d0001_differential.py).
"""

import random
import re

GRAMMAR = """
get k|set k v|set k v [NX|XX] [GET] [EX sec|PX ms|EXAT at|PXAT atms|KEEPTTL]
getset k v|setnx k v|setex k sec v|psetex k ms v|mset kv*|msetnx kv*|mget k*
append k v|strlen k|getrange k int int|setrange k off v|substr k int int
getdel k|getex k [EX sec|PX ms|PERSIST|EXAT at]
incr k|decr k|incrby k int|decrby k int|incrbyfloat k float
lcs k k [LEN|IDX] [MINMATCHLEN small] [WITHMATCHLEN]
setbit k off bit|getbit k off|bitcount k [int int [BIT|BYTE]]
bitpos k bit [int [int [BIT|BYTE]]]|bitop AND|OR|XOR|NOT k k*
bitfield k GET type off SET type off int OVERFLOW WRAP|SAT|FAIL INCRBY type off int
bitfield_ro k GET type off
del k*|unlink k*|exists k*|touch k*|type k|persist k|randomnothing
expire k sec [NX|XX|GT|LT]|pexpire k ms|expireat k at|pexpireat k atms
ttl k|pttl k|expiretime k|pexpiretime k
rename k k|renamenx k k|copy k k [REPLACE]|copy k k [DB db] [REPLACE]|move k db
object ENCODING k|object REFCOUNT k|object IDLETIME k|object FREQ k|object NOPE k
sort k [LIMIT int int] [ASC|DESC] [STORE k]|sort k ALPHA [DESC]
sort k [BY pat] [GET pat] [GET #] [ALPHA] [DESC]|sort_ro k [ALPHA]
dump k|restore k ttl payload [REPLACE]
restore k ttl payload [REPLACE] [ABSTTL] [IDLETIME small|FREQ small]
keys glob|dbsize|echo v|ping [v]|select db|time1
hset k fv*|hmset k fv*|hsetnx k f v|hget k f|hmget k f*|hdel k f*|hlen k
hexists k f|hstrlen k f|hkeys k|hvals k|hgetall k|hincrby k f int
hincrbyfloat k f float|hrandfield k|hrandfield k count|hrandfield k count WITHVALUES
lpush k v*|rpush k v*|lpushx k v*|rpushx k v*|lpop k [small]|rpop k [small]
llen k|lindex k int|lrange k int int|lset k int v|ltrim k int int
linsert k BEFORE|AFTER v v|lrem k int v|lpos k v [RANK int] [COUNT small] [MAXLEN small]
rpoplpush k k|lmove k k LEFT|RIGHT LEFT|RIGHT|lmpop 1 k LEFT|RIGHT [COUNT small]
lmpop 2 k k LEFT|RIGHT|blpop k k 0.001|brpop k 0.001|brpoplpush k k 0.001
blmove k k LEFT|RIGHT LEFT|RIGHT 0.001|blmpop 0.001 2 k k LEFT|RIGHT
sadd k m*|srem k m*|scard k|sismember k m|smismember k m*|smembers k
smove k k m|sinter k*|sunion k*|sdiff k*|sinterstore k k*|sunionstore k k*
sdiffstore k k*|sintercard 2 k k [LIMIT small]|srandmember k|srandmember k count
spop k|spop k big
zadd k sm*|zadd k [NX|XX] [GT|LT] [CH] sm*|zadd k [NX|XX] INCR score m
zincrby k score m|zscore k m|zmscore k m*|zcard k|zrem k m*|zrank k m|zrevrank k m
zcount k min max|zlexcount lk lex lex|zrange k int int [REV] [WITHSCORES]
zrange k min max BYSCORE [REV] [LIMIT int int] [WITHSCORES]
zrange lk lex lex BYLEX [REV] [LIMIT int int]|zrevrange k int int [WITHSCORES]
zrangebyscore k min max [WITHSCORES] [LIMIT int int]
zrevrangebyscore k min max [WITHSCORES] [LIMIT int int]
zrangebylex lk lex lex [LIMIT int int]|zrevrangebylex lk lex lex
zrangestore k k int int|zrangestore k k min max BYSCORE [LIMIT int int]
zremrangebyrank k int int|zremrangebyscore k min max|zremrangebylex lk lex lex|zadd lk zero m
zpopmin k [small]|zpopmax k [small]|zmpop 1 k MIN|MAX [COUNT small]|bzpopmin k 0.001
bzpopmax k 0.001|bzmpop 0.001 2 k k MIN|MAX
zunion 2 k k [WEIGHTS score score] [AGGREGATE SUM|MIN|MAX] [WITHSCORES]
zinter 2 k k [WEIGHTS score score] [AGGREGATE SUM|MIN|MAX] [WITHSCORES]
zdiff 2 k k [WITHSCORES]|zunionstore k 2 k k [WEIGHTS score score]
zinterstore k 2 k k [AGGREGATE SUM|MIN|MAX]|zdiffstore k 2 k k
zintercard 2 k k [LIMIT small]|zrandmember k|zrandmember k count [WITHSCORES]
multi1|exec1|discard1|watch k|unwatch|swapdb1
nosuchcommand k v|get|set k|flushdb1
"""

KEYS = [b"k%d" % i for i in range(12)] + [
    b"{t}a", b"{t}b", b"", b"\x00\xff\r\n", b"with space", b"x" * 300]
FIELDS = [b"f%d" % i for i in range(8)] + [b"", b"1", b"-5", b"\x00\n",
                                           b"long" * 20]
VALUES = FIELDS + [b"0", b"10", b"007", b"-0", b"3.5", b"9223372036854775807",
                   b"-9223372036854775808", b"9223372036854775808", b" 1",
                   b"abc", b"\xff" * 9, b"v" * 70, b"w" * 500, b"z" * 3000]
INTS = [b"0", b"1", b"-1", b"2", b"3", b"-2", b"5", b"10", b"-100", b"100",
        b"9223372036854775807", b"-9223372036854775808", b"a", b"1.5", b""]
FLOATS = [b"0", b"1", b"-1.5", b"3.0e3", b"0.1", b"1e400", b"inf", b"nan",
          b"x", b"5.", b"1e-5", b"100000000000000000"]
# Without -0: redis-server makes a 0 of it when ZRANGESTORE starts with a
# listpack and outgrows it.
SCORES = [b"0", b"1", b"-1", b"2.5", b"inf", b"-inf", b"1e10", b"7", b"3",
          b"0.30000000000000004", b"1e300", b"nan", b"x", b"123456789012"]
# What RESTORE gets: the number 5, one that is damaged, and what DUMP answered.
PAYLOADS = [b"\x00\xc0\x05\n\x00c/_f\x83/\xb3Q",
            b"\x00\xc0\x06\n\x00c/_f\x83/\xb3Q", b""]
PAYLOADS_MAX = 60
LIMITS = [b"-inf", b"+inf", b"0", b"(1", b"2.5", b"(inf", b"1e10", b"x", b"3"]
LEXES = [b"-", b"+", b"[f1", b"(f3", b"[", b"(", b"f2", b"[f5", b"(\xff"]


def _often(common, rare, share=0.95):
    return random.choice(common if random.random() < share else rare)


def _long():
    """Seconds that a key lives."""
    return b"%d" % random.randrange(10000, 1000000)


GENS = {
    # Sets that are asked by member: all scores are the same.
    "lk": lambda: [random.choice([b"lex1", b"lex2"])],
    "zero": lambda: [b"0"],
    "k": lambda: [random.choice(KEYS)],
    "kv": lambda: [random.choice(KEYS), random.choice(VALUES)],
    "v": lambda: [random.choice(VALUES)],
    "f": lambda: [random.choice(FIELDS)],
    "m": lambda: [random.choice(FIELDS)],
    "fv": lambda: [random.choice(FIELDS), random.choice(VALUES)],
    "sm": lambda: [_often(SCORES[:11], SCORES), random.choice(FIELDS)],
    "int": lambda: [_often(INTS[:10], INTS)],
    "float": lambda: [_often(FLOATS[:5], FLOATS, 0.8)],
    "score": lambda: [_often(SCORES[:11], SCORES)],
    "min": lambda: [random.choice(LIMITS)],
    "max": lambda: [random.choice(LIMITS)],
    "lex": lambda: [_often(LEXES[:6] + LEXES[7:], LEXES)],
    "small": lambda: [_often([b"1", b"2", b"3", b"0"], INTS, 0.9)],
    "count": lambda: [random.choice([b"1", b"3", b"-3", b"0", b"100", b"x"])],
    "big": lambda: [b"1000000"],
    # Longer than any run, so that nothing ends between the two servers; and
    # hardly twice the same, as then a millisecond would be what GT sees.
    "sec": lambda: [_often([_long()], [b"0", b"-1", b"x",
                                       b"9223372036854775807"], 0.9)],
    "ms": lambda: [_often([_long() + b"000"], [b"0", b"-1", b"x"], 0.9)],
    "ttl": lambda: [_often([b"0", _long() + b"000"], [b"-1", b"x"])],
    "payload": lambda: [random.choice(PAYLOADS)],
    "at": lambda: [_often([b"4000000000", b"5000000000"], [b"1", b"x"], 0.9)],
    "atms": lambda: [_often([b"4000000000000"], [b"1", b"-7"], 0.9)],
    "off": lambda: [_often([b"0", b"7", b"8", b"100", b"1000", b"#2"],
                           [b"-1", b"4294967296", b"x", b"536870912"], 0.95)],
    "bit": lambda: [_often([b"0", b"1"], [b"2", b"x"])],
    "type": lambda: [_often([b"u8", b"i8", b"u1", b"i64", b"u63", b"i16"],
                            [b"u64", b"i65", b"x8", b"u0"])],
    "pat": lambda: [random.choice([b"w_*", b"k*", b"k1->f1", b"nokey", b"*"])],
    "glob": lambda: [random.choice([b"*", b"k?", b"k[1-3]", b"{t}*", b"\\k1",
                                    b"", b"[^k]*", b"k1*"])],
    "db": lambda: [_often([b"0", b"1", b"2"], [b"16", b"-1", b"x"])],
}

# What is done only now and then, because it stops everything else.
RARE = {"select": 0.05, "move": 0.5, "keys": 0.2, "dbsize": 0.5}
# Replies without an order of their own.
UNORDERED = {b"smembers", b"sinter", b"sunion", b"sdiff", b"keys", b"hkeys",
             b"hvals"}
RANDOM = {b"srandmember", b"hrandfield", b"zrandmember"}
# Commands that are told how long a key lives.
TIMED = ("set", "setex", "psetex", "getex", "expire", "pexpire", "restore")
# Replies that are times, and how many of their units a second has.
TIMES = {b"ttl": 1, b"pttl": 1000, b"expiretime": 1, b"pexpiretime": 1000}
# The longest time in seconds that a part of the requests has taken so far.
longest = 0


def _alternatives():
    for line in GRAMMAR.strip().split("\n"):
        depth, start = 0, 0
        for i, char in enumerate(line + "|"):
            depth += (char == "[") - (char == "]")
            # A bar parts commands only before a known lower-case name.
            if char == "|" and depth == 0 and re.match(
                    r"[a-z_0-9]+( |$|\|)", line[i + 1:] or "x"):
                yield line[start:i]
                start = i + 1


def _words(text):
    """Splits at spaces outside of brackets."""
    return re.findall(r"\[(?:[^\[\]]|\[(?:[^\[\]]|\[[^\]]*\])*\])*\]|\S+", text)


def _expand(text):
    out = []
    for word in _words(text):
        if word.startswith("["):
            if random.random() < 0.4:
                out += _expand_choice(word[1:-1])
        elif "|" in word:
            out += _expand(random.choice(word.split("|")))
        elif word.endswith("*") and word[:-1] in GENS:
            for _ in range(random.randint(1, 4)):
                out += GENS[word[:-1]]()
        elif word in GENS:
            out += GENS[word]()
        else:
            out.append(word.encode())
    return out


def _expand_choice(text):
    depth, start, parts = 0, 0, []
    for i, char in enumerate(text + "|"):
        depth += (char == "[") - (char == "]")
        if char == "|" and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    return _expand(random.choice(parts))


COMMANDS = [c.strip() for c in _alternatives() if c.strip()]
NAMES = sorted({c.split()[0].lower() for c in COMMANDS})


def _odd(name):
    """In the place of another word; no time that is over between the two, nor
    one that RESTORE adds to now: redis-server's sum overflows, and the key is
    gone at once."""
    while True:
        word = random.choice(VALUES)
        if name == "restore" and word == b"9223372036854775807":
            continue
        if name not in TIMED or not re.fullmatch(rb"[1-9]\d{0,6}", word):
            return word


def request():
    """One random request as a list of bytes."""
    while True:
        text = random.choice(COMMANDS)
        name = text.split()[0]
        if random.random() < RARE.get(name, 1):
            break
    words = [name.encode()] + _expand(text[len(name):])
    if name.endswith("1") and name != "time1":
        words[0] = name[:-1].encode()
    # A blocking one might wait for ever when its timeout changes.
    # ZRANK takes more arguments since 7.2.  Members of several scores have no
    # order that ZLEXCOUNT could go by.
    if random.random() < 0.02 and not name.endswith("rank") and \
            not (name == "zadd" and words[1].startswith(b"lex")) and \
            not (name[0] == "b" and name[1] != "i"):
        how = random.randrange(3)
        if how == 0 and len(words) > 1:
            words.pop()
        elif how == 1:
            words.append(_odd(name))
        elif len(words) > 1:
            words[random.randrange(1, len(words))] = _odd(name)
    return words


def keep_payload(reply):
    """Remembers what DUMP answered for later RESTOREs, on both servers."""
    if reply[0] == "bulk":
        if len(PAYLOADS) < PAYLOADS_MAX:
            PAYLOADS.append(reply[1])
        else:
            PAYLOADS[random.randrange(3, PAYLOADS_MAX)] = reply[1]


def _flat(value):
    if isinstance(value, (list, tuple)):
        return [x for v in value for x in _flat(v)]
    return [value]


def _pairs(items):
    return sorted((repr(items[i]), repr(items[i + 1]))
                  for i in range(0, len(items) - 1, 2))


# Differences that are meant, each with its reason: a predicate on the request
# and both replies (ours first).
INTENDED = [
    # A client's name lies in a row that all workers read: it has its room.
    lambda q, a, b: q[0] in (b"client", b"hello") and
    a == ("error", b"ERR Client names are limited to 255 bytes.") and
    b[0] != "error",
    # 7.2 keeps small sets and lists as listpacks, 7.0 does not.
    lambda q, a, b: q[0] == b"object" and a[0] == b[0] == "bulk" and
    b[1] in (b"hashtable", b"quicklist") and a[1] == b"listpack",
    # Integers are not shared between keys here.
    lambda q, a, b: q[0] == b"object" and q[1].lower() == b"refcount" and
    a[0] == b[0] == "int",
    # Seconds of idleness: a record that had to move counts as used.
    lambda q, a, b: q[0] == b"object" and q[1].lower() == b"idletime" and
    a[0] == b[0] == "int",
    # WITHSCORE came with 7.2: more arguments are a matter of syntax now.
    # 7.2 refuses a rank that can not be negated.
    lambda q, a, b: q[0] == b"lpos" and a[0] == "error" and
    b"value must between" in a[1],
    # 7.0 takes a timeout beyond all bounds for a negative one.
    lambda q, a, b: a == ("error", b"ERR timeout is out of range") and
    b == ("error", b"ERR timeout is negative"),
    # Elements of the same weight have no order among themselves; nor have, to
    # redis-server, those that differ only behind a zero byte (which GET hides).
    lambda q, a, b: q[0] in (b"sort", b"sort_ro") and
    (b"BY" in q or b"ALPHA" in q and
     (b"GET" in q or "\\x00" in repr(b))) and
    a[0] == b[0] == "array" and
    sorted(map(repr, a[1])) == sorted(map(repr, b[1])),
    # ZRANGESTORE by score makes a skiplist there, however small the result.
    lambda q, a, b: q[0] == b"object" and a[0] == b[0] == "bulk" and
    b[1] == b"skiplist" and a[1] == b"listpack",
    # A key whose time is over counts until somebody comes across it.
    lambda q, a, b: q[0] == b"dbsize" and a[0] == b[0] == "int" and
    abs(a[1] - b[1]) <= 2,
    # Whether the time is later than itself depends on the millisecond.
    lambda q, a, b: q[0] in (b"expire", b"pexpire") and
    (b"GT" in q or b"LT" in q) and {a, b} == {("int", 0), ("int", 1)},
]


def same(q, a, b):
    """Whether replies a (ours) and b (redis-server's) to q are the same."""
    if a == b:
        return True
    name = q[0].lower()
    if any(f([name] + q[1:], a, b) for f in INTENDED):
        return True
    if a[0] != b[0]:
        return False
    if name in TIMES and a[0] == "int":
        return abs(a[1] - b[1]) <= (3 + longest) * TIMES[name] and \
            a[1] >= 0 and b[1] >= 0
    if name in UNORDERED and a[0] in ("array", "set"):
        return sorted(map(repr, a[1])) == sorted(map(repr, b[1]))
    if name == b"hgetall":
        return a[0] == "array" and _pairs(a[1]) == _pairs(b[1]) or \
            a[0] == "map" and sorted(map(repr, a[1])) == \
            sorted(map(repr, b[1]))
    if name == b"spop" and a[0] in ("array", "set"):
        return sorted(map(repr, a[1])) == sorted(map(repr, b[1]))
    if name == b"dump":
        return a[0] == b[0] == "bulk"
    if name in RANDOM:
        return a[0] != "array" or len(a[1]) == len(b[1])
    return False
