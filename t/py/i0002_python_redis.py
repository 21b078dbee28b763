"""python3-redis does its ordinary work, RESP2 with pipelines and pub/sub"""

import node

try:
    import redis
except ImportError:
    node.skip("python3-redis is not installed")

a = node.Node("a")
r = redis.Redis(host="127.0.0.1", port=a.port, decode_responses=True)
raw = redis.Redis(host="127.0.0.1", port=a.port)

# strings
assert r.set("k", "v") and r.get("k") == "v" and r.get("none") is None
assert r.set("k", "w", nx=True) is None
assert r.set("k", "w", get=True) == "v"
assert r.mset({"m1": "1", "m2": "2"}) and r.mget("m1", "m2", "none") == [
    "1", "2", None]
assert r.incrby("n", 41) == 41 and r.incr("n") == 42
assert r.incrbyfloat("f", 1.5) == 1.5
assert raw.set("bin", bytes(range(256))) and raw.get("bin") == bytes(range(256))
assert r.setbit("bits", 7, 1) == 0 and r.bitcount("bits") == 1
assert r.bitfield("bf").set("u8", 0, 200).get("u8", 0).execute() == [0, 200]

# keys
assert r.expire("k", 100) and 95 < r.ttl("k") <= 100 and r.persist("k")
assert r.exists("k", "n", "none") == 2 and r.type("k") == "string"
assert r.rename("m1", "m3") and r.delete("m2", "m3") == 2
assert r.copy("k", "k2") and r.touch("k", "k2") == 2
for i in range(300):
    r.set("scan:%d" % i, i)
assert len(set(r.scan_iter("scan:*", count=17))) == 300
assert r.unlink(*["scan:%d" % i for i in range(300)]) == 300

# hashes
assert r.hset("h", mapping={"a": 1, "b": 2}) == 2
assert r.hgetall("h") == {"a": "1", "b": "2"}
assert r.hincrby("h", "a", 4) == 5 and r.hdel("h", "a", "x") == 1
assert dict(r.hscan_iter("h")) == {"b": "2"}

# lists
assert r.rpush("l", "a", "b", "c") == 3 and r.lrange("l", 0, -1) == [
    "a", "b", "c"]
assert r.lpop("l") == "a" and r.rpop("l", 2) == ["c", "b"]
assert r.blpop("l", timeout=0.05) is None
r.rpush("l", "x")
assert r.blpop(["l", "l2"], timeout=1) == ("l", "x")
assert r.rpush("l", 3, 1, 2) == 3 and r.sort("l") == ["1", "2", "3"]
assert r.lmove("l", "l2", "LEFT", "RIGHT") == "3"

# sets
assert r.sadd("s", "a", "b", "c") == 3 and r.smembers("s") == {"a", "b", "c"}
assert r.sadd("s2", "b", "c", "d") == 3 and r.sinter("s", "s2") == {"b", "c"}
assert r.smismember("s", ["a", "x"]) == [1, 0]
assert set(r.sscan_iter("s")) == {"a", "b", "c"}

# sorted sets
assert r.zadd("z", {"a": 1, "b": 2.5, "c": 3}) == 3
assert r.zrange("z", 0, -1, withscores=True) == [
    ("a", 1.0), ("b", 2.5), ("c", 3.0)]
assert r.zscore("z", "b") == 2.5 and r.zincrby("z", 2, "a") == 3.0
assert r.zpopmax("z") == [("c", 3.0)] and r.zcard("z") == 2
assert dict(r.zscan_iter("z")) == {"a": 3.0, "b": 2.5}

# transactions
with r.pipeline(transaction=True) as p:
    p.set("t", 1).incr("t").get("t")
    assert p.execute() == [True, 2, "2"]
with r.pipeline(transaction=False) as p:
    for i in range(1000):
        p.set("p%d" % i, i)
    assert p.execute() == [True] * 1000
with r.pipeline() as p:
    p.watch("t")
    r.set("t", "changed")
    p.multi()
    p.get("t")
    try:
        p.execute()
        raise AssertionError("the watched key had changed")
    except redis.WatchError:
        pass


def add_one(p):
    before = int(p.get("n"))
    p.multi()
    p.set("n", before + 1)


assert r.transaction(add_one, "n") == [True] and r.get("n") == "43"

# publish and subscribe
r.config_set("notify-keyspace-events", "Kx$")
with r.pubsub() as p:
    p.subscribe("news", **{"with-handler": lambda m: p.heard.append(m)})
    p.psubscribe("n*", "__keyspace@0__:t")
    p.heard = []

    def message():
        return node.until(5, lambda: p.get_message(
            ignore_subscribe_messages=True, timeout=0.1), "a message")

    node.until(5, lambda: r.pubsub_numpat() == 2, "the subscriptions")
    assert r.publish("news", "one") == 2 and r.publish("nobody", "x") == 1
    assert r.pubsub_numsub("news", "none") == [("news", 1), ("none", 0)]
    assert (message()["data"], message()["pattern"]) == ("one", "n*")
    assert message()["channel"] == "nobody"
    r.set("t", 1)
    assert message()["data"] == "set"
    r.publish("with-handler", "y")
    node.until(5, lambda: [p.get_message(timeout=0.1), p.heard][1],
               "the handler's message")
    assert p.heard[0]["data"] == "y"
node.until(5, lambda: r.pubsub_channels() == [], "the end of subscriptions")

# errors
try:
    r.lpush("k", "x")
    raise AssertionError("a string is not a list")
except redis.ResponseError as e:
    assert str(e).startswith("WRONGTYPE")

# server
assert r.ping() and r.echo("hi") == "hi" and r.dbsize() > 10
assert r.info()["redis_mode"] == "standalone"
assert r.client_setname("me") and r.client_getname() == "me"
assert any(c["name"] == "me" for c in r.client_list())
assert r.config_get("maxmemory") == {"maxmemory": "0"}
assert r.config_set("maxmemory", "0") and r.time()[0] > 0
assert r.command_count() > 100 and "get" in r.command()
other = redis.Redis(host="127.0.0.1", port=a.port, db=5)
assert other.set("k", 5) and r.get("k") == "w" and other.flushdb()
assert r.flushall() and r.dbsize() == 0
r.close()
assert a.stop() == 0
