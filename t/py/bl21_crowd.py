"""many consumers and producers: every element is taken once, nobody is left
waiting while there is something to take"""

import random
import re
import select
import time

import node

CONSUMERS, PRODUCERS, KEYS, ELEMENTS = 60, 6, 5, 4000


def blocked(c):
    text = c.call("INFO", "clients")[1].decode()
    return int(re.search(r"blocked_clients:(\d+)", text).group(1))


def ask(rng, w):
    """One of the ways to wait, some with a time-out that is soon over."""
    keys = rng.sample(["{k}%d" % i for i in range(KEYS)], 2)
    timeout = rng.choice([0, 0, 0.002, 0.01, 0.05])
    way = rng.randrange(4)
    if way == 0:
        w.send("BLPOP", *keys, timeout)
    elif way == 1:
        w.send("BRPOP", *keys, timeout)
    elif way == 2:
        w.send("BLMPOP", timeout, 2, *keys, "LEFT", "COUNT", 3)
    else:
        w.send("BLMOVE", keys[0], "{k}done", "LEFT", "RIGHT", timeout)


def got(value):
    """The elements in a reply; those BLMOVE took are counted in the list."""
    if value[0] != "array":
        return []
    taken = value[1][1]
    return ([e[1] for e in taken[1]] if taken[0] == "array" else [taken[1]])


def pump(rng, consumers, seconds, taken):
    """Reads what has come and asks again."""
    end = time.monotonic() + seconds
    while True:
        ready = select.select([w.sock for w in consumers], [], [],
                              max(0, end - time.monotonic()))[0]
        for w in consumers:
            if w.sock in ready:
                taken.extend(got(w.read()))
                ask(rng, w)
        if time.monotonic() >= end:
            return


def main():
    a = node.Node("a", ["--workers", "2"])
    rng = random.Random(5)
    c = a.connect()
    consumers = [a.connect(seconds=20) for _ in range(CONSUMERS)]
    producers = [a.connect() for _ in range(PRODUCERS)]
    taken = []
    for w in consumers:
        ask(rng, w)
    pushed = 0
    while pushed < ELEMENTS:
        for p in producers:
            some = rng.randrange(1, 5)
            words = ["e%d" % i for i in range(pushed, pushed + some)]
            pushed += some
            push = [rng.choice(["LPUSH", "RPUSH"]),
                    "{k}%d" % rng.randrange(KEYS)] + words
            if rng.randrange(4) == 0:
                p.pipeline([["MULTI"], push, ["EXEC"]])
            else:
                p.ok(*push)
        pump(rng, consumers, 0.002, taken)
        if rng.randrange(10) == 0:
            ids = re.findall(rb"^id=(\d+).*cmd=b", c.call(
                "CLIENT", "LIST")[1], re.M)
            if ids:
                c.ok("CLIENT", "UNBLOCK", rng.choice(ids))

    def is_all():
        pump(rng, consumers, 0.02, taken)
        return c.call("EXISTS", *["{k}%d" % i for i in range(KEYS)])[1] == 0

    def moved():
        return [e[1] for e in c.call("LRANGE", "{k}done", 0, -1)[1]]

    def is_told():
        """The last replies may be on their way."""
        pump(rng, consumers, 0.02, taken)
        return len(taken) + len(moved()) >= pushed

    node.until(10, is_all, "the end of all elements")
    node.until(10, is_told, "the last replies")
    pump(rng, consumers, 0.2, taken)
    everything = sorted(taken + moved())
    assert len(everything) == len(set(everything)), "an element taken twice"
    assert len(everything) == pushed, (len(everything), pushed)
    for w in consumers:
        w.close()
    node.until(5, lambda: blocked(c) == 0, "nobody blocked")
    assert a.stop() == 0


main()
