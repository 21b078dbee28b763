"""the grid: a planned failover while something happens to somebody

A few cells; all of them in the long form, which says how many passed.
"""

# limit 120s

import os
import random
import sys
import time

import grid
import node

SAMPLE = [("nothing", "old", 0), ("control", "old", ("stopped", "old")),
          ("node", "new", ("taking", "new")),
          ("worker 0", "new", ("given", "old")),
          ("control", "sibling", ("taking", "new")), ("node", "old", 0)]

seed = int(os.environ.get("GRID_SEED", random.randrange(1 << 30)))
print("seed", seed)
net = None
wanted = grid.cells() if node.lasting(1) > 1 else SAMPLE
if os.environ.get("GRID_CELLS"):
    wanted = [c for c in grid.cells()
              if os.environ["GRID_CELLS"] in grid.words(c)]
if any("cut" in c[0] for c in wanted):
    import netns
    try:
        net = netns.Net()
    except SystemExit:
        wanted = [c for c in wanted if "cut" not in c[0]]
g = grid.Grid(seed, net)
if not g.has_faults:
    wanted = [c for c in wanted if isinstance(c[2], int)]
passed = 0
for cell in wanted:
    start = time.monotonic()
    try:
        g.run(cell)
        passed += 1
        print("passed %s (%.1fs)" % (grid.words(cell),
                                     time.monotonic() - start), flush=True)
    except (AssertionError, node.Gone, TimeoutError) as e:
        print("FAILED %s: %s" % (grid.words(cell), e), flush=True)
        if node.lasting(1) == 1:
            break
        g.whole()
print("%d cells, %d passed" % (len(wanted), passed))
sys.exit(passed != len(wanted))
