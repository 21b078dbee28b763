"""the program's code is locked in memory, by the supervisor for all"""

import os
import re

import node

if os.environ.get("ALMANDINE_SANITIZED"):
    node.skip("sanitizers lock nothing in memory")

a = node.Node("a")
with open("/proc/%d/status" % a.child.pid) as f:
    locked = int(re.search(r"^VmLck:\s+(\d+) kB", f.read(), re.M).group(1))
with open("/proc/%d/maps" % a.child.pid) as f:
    code = sum(int(to, 16) - int(begin, 16) for begin, to in re.findall(
        r"^(\w+)-(\w+) r-x. .*/almandined$", f.read(), re.M)) >> 10
assert code > 100, code
assert locked >= code or a.log_count("can not be locked in memory"), locked
