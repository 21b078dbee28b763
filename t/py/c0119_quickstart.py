"""quickstart, of a finished build and elsewhere: the cluster that it starts
answers redis-cli, is whole, has its data when it is started again, and is
looked at and stopped by the commands that the script prints
"""

# limit 60s

import os
import re
import shutil
import subprocess

import clustering as cl
import node

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
# What it needs of a checkout when nothing is to be built.
COPY = os.path.join(node.directory(), "copy")
os.makedirs(os.path.join(COPY, "t"))
for name in ("quickstart", "t/setup"):
    shutil.copy(os.path.join(TOP, name), os.path.join(COPY, name))

# In a row, with their bus 10000 above.
ports = []
while len(ports) < 6 or ports[-1] != ports[-6] + 5:
    ports.append(node.free_port())
port = ports[-6]


def run(*words, shell=False, code=0):
    done = subprocess.run(words[0] if shell else words, shell=shell,
                          cwd=node.directory(), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True,
                          timeout=60 * node.SLOW)
    assert done.returncode == code, (words, done.stdout, done.stderr)
    return done.stdout + done.stderr


def quickstart(visits):
    """Runs it; the commands that it prints."""
    out = run("copy/quickstart", "-b", os.path.abspath(node.BUILD), "-d",
              "data", "-p", str(port))
    for role in ("primary", "replica"):
        assert len(re.findall(role + " +ok", out)) == 3, out
    shown = [line for line in out.splitlines() if "redis-cli -c" in line]
    assert all("$ redis-cli -c -p %d " % port in line for line in shown[:-1])
    for asked, answer in (("get greeting", "hello from almandined"),
                          ("hgetall stone", '"name"'),
                          ("incr visits", str(visits))):
        assert re.search(r"\$ redis-cli .*%s\n.*%s\n" % (asked, answer),
                         out), out
    return [re.search(r"^%s it: +(.*)$" % word, out, re.M).group(1)
            for word in ("Talk to", "Look at", "Stop")]


for visits in (1, 2):
    talk, look, stop = quickstart(visits)
    assert run(talk + " get greeting", shell=True) == \
        "hello from almandined\n"
    cl.check_at("127.0.0.1:%d" % port)
    assert len(re.findall("replica +ok", run(look, shell=True))) == 3
    run(stop, shell=True)
    assert "refused" in run(talk + " ping", shell=True, code=1)
    run(look, shell=True, code=1)
assert sorted(os.listdir(os.path.join(node.directory(), "data"))) == \
    [str(port + i) for i in range(6)]
assert sorted(os.listdir(COPY)) == ["quickstart", "t"], os.listdir(COPY)

# --- what it can not do ----------------------------------------------------

assert "no almandinectl in" in run("copy/quickstart", "-b", "copy", code=1)
assert "[-b BUILD] [-d DIR] [-p PORT]" in run("copy/quickstart", "-x", code=1)
