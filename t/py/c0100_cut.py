"""a primary is cut away from the others, silently and by refusal: it stops
writing, its replica replaces it, and when the cut is healed all agree"""

# limit 90s

import clustering as cl
import netns
import node

net = netns.Net()
hosts = [net.host() for _ in range(4)]
nodes = cl.start(["almandined"] * 4, places=hosts)
with hosts[0].inside():
    cl.create(nodes[:3], replicas=0)
cl.agreed(nodes[:3])
nodes[3].connect().ok("CLUSTER", "MEET", nodes[0].ip, nodes[0].port,
                      nodes[0].bus)
key = cl.myid(nodes[0])
node.until(10, lambda: nodes[3].connect().call("CLUSTER", "REPLICATE", key)[1]
           == b"OK", "it follows")
cl.agreed(nodes)
cl.linked(nodes[3])


def slots_of(n):
    return {k: w[8:] for k, w in cl.lines(n).items() if w[8:]}


def cut_and_heal(old, new, cut):
    """`old` is cut away and `new`, its replica, replaces it."""
    at = old.connect(seconds=20)
    tag = next("{%d}" % i for i in range(1000)
               if at.ok("CLUSTER", "KEYSLOT", "{%d}" % i)[1] < 5461)
    at.ok("SET", tag + "a", 1)
    node.until(10, lambda: at.ok("WAIT", 1, 100)[1] == 1, "the replica has it")
    cut()
    node.until(20, lambda: at.call("SET", tag + "b", 1)[0] == "error",
               "who is cut away stops")
    node.until(20, lambda: cl.role(new) == "master", "a replacement")
    # What both sides think now: only one of them writes.
    to = new.connect(seconds=20)
    node.until(10, lambda: to.call("SET", tag + "c", 1)[1] == b"OK",
               "the replacement writes")
    assert at.call("SET", tag + "d", 1)[0] == "error"
    assert to.ok("GET", tag + "a") == ("bulk", b"1")
    net.heal()
    node.until(20, lambda: cl.role(old) == "slave", "it comes back")
    cl.linked(old)
    cl.agreed(nodes)
    assert slots_of(old) == slots_of(new)
    with hosts[1].inside():
        cl.check(nodes[1])


cut_and_heal(nodes[0], nodes[3],
             lambda: net.cut(hosts[:1], hosts[1:]))
cut_and_heal(nodes[3], nodes[0],
             lambda: net.cut(hosts[3:], hosts[:3], "refused"))
if node.LONG > 1:
    cut_and_heal(nodes[0], nodes[3], lambda: net.unplug(hosts[0]))
