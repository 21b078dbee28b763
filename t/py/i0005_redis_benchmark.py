"""redis-benchmark runs all its default tests, with and without pipelining"""

# limit 60s

import shutil
import subprocess

import node

if not shutil.which("redis-benchmark"):
    node.skip("redis-benchmark is not installed")
TESTS = ["PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "LPUSH", "RPUSH",
         "LPOP", "RPOP", "SADD", "HSET", "SPOP", "ZADD", "ZPOPMIN",
         "LRANGE_100", "LRANGE_300", "LRANGE_500", "LRANGE_600", "MSET"]

a = node.Node("a")
for extra in ([], ["-P", "16"], ["-3", "-r", "1000"]):
    done = subprocess.run(
        ["redis-benchmark", "-p", str(a.port), "-n", "2000", "-c", "20",
         "--csv"] + extra, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = done.stdout.decode()
    assert done.returncode == 0, text
    assert "rror" not in text, text
    for name in TESTS:
        assert '"%s' % name in text, "%s is missing:\n%s" % (name, text)
assert a.stop() == 0
