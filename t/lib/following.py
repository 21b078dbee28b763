"""following - replicas and their primaries, as tests see them

Random writes of all types in several databases, what INFO says of a link, and
whether data sets are the same.
"""

import random
import threading

import node

KEYS = 200


def info(n, section="replication"):
    """A section of INFO as a dict; n is a node or a connection."""
    c = n if isinstance(n, node.Connection) else n.connect()
    try:
        text = c.ok("INFO", section)[1].decode()
    finally:
        if c is not n:
            c.close()
    return dict(line.split(":", 1) for line in text.split("\r\n")
                if ":" in line)


def count(n, name):
    """A number of INFO stats."""
    return int(info(n, "stats")[name])


def is_up(n):
    """Whether a replica has its link; not while it is away."""
    try:
        return info(n).get("master_link_status") == "up"
    except (node.Gone, OSError, AssertionError):
        return False


def offset(n):
    """How far a node's stream is."""
    return int(info(n)["master_repl_offset"])


def linked(n, seconds=20):
    """Waits until a replica has its link."""
    node.until(seconds, lambda: is_up(n), "the link of " + n.name)


def same(first, *others, seconds=20):
    """Waits until offsets meet (nobody writes), and compares all data."""
    pause = first.connect()
    pause.ok("CLIENT", "PAUSE", "100000", "WRITE")
    node.until(seconds, lambda: all(is_up(n) and offset(n) == offset(first)
                                    for n in others), "offsets meet")
    wanted = pause.ok("DEBUG", "DIGEST")[1]
    assert wanted != b"0" * 40, "there is something to compare"
    for n in others:
        c = n.connect()
        assert c.ok("DEBUG", "DIGEST")[1] == wanted, "%s is not what %s is" \
            % (n.name, first.name)
        c.close()
    pause.ok("CLIENT", "UNPAUSE")
    pause.close()


def word(r):
    """One random write."""
    k = "k%d" % r.randrange(KEYS)
    n, m = r.randrange(1000), "m%d" % r.randrange(40)
    return r.choice((
        ("SET", "s" + k, "v" * n), ("SET", "s" + k, n, "EX", 100),
        ("SET", "s" + k, n, "PX", 30), ("APPEND", "s" + k, m),
        ("INCR", "n" + k), ("INCRBYFLOAT", "f" + k, "1.25"),
        ("SETBIT", "b" + k, n, n % 2),
        ("HSET", "h" + k, m, n), ("HINCRBYFLOAT", "h" + k, "f", "0.5"),
        ("HDEL", "h" + k, m), ("RPUSH", "l" + k, m, n), ("LPOP", "l" + k),
        ("LMOVE", "l" + k, "l" + m, "LEFT", "RIGHT"),
        ("SADD", "e" + k, m, n), ("SPOP", "e" + k),
        ("SUNIONSTORE", "e" + m, "e" + k), ("ZADD", "z" + k, n, m),
        ("ZPOPMIN", "z" + k), ("ZINCRBY", "z" + k, "0.1", m),
        ("PEXPIRE", "h" + k, r.choice((1, 50, 100000))),
        ("SORT", "l" + k, "ALPHA", "STORE", "l" + k),
        ("RENAME", "s" + k, "s" + m), ("COPY", "z" + k, "z" + m, "REPLACE"),
        ("MOVE", "n" + k, r.randrange(6)),
        ("DEL", r.choice("snfhlezb") + k)))


class Writer(threading.Thread):
    """Writes in one database until told to end; a death is survived, and so
    is a primary that is one no more."""

    def __init__(self, n, seed, db):
        super().__init__(daemon=True)
        self.n, self.r, self.db = n, random.Random(seed), db
        self.is_over = threading.Event()
        self.start()

    def run(self):
        while not self.is_over.is_set():
            try:
                c = self.n.connect()
                c.ok("SELECT", self.db)
                while not self.is_over.is_set():
                    self.batch(c)
            except (node.Gone, OSError, AssertionError):
                continue

    def batch(self, c):
        """Some writes, at times as one, and now and then something rare."""
        words = [word(self.r) for _ in range(20)]
        what = self.r.randrange(30)
        if what < 10:
            words = [("MULTI",)] + words + [("EXEC",)]
        elif what == 10:
            words.append(("SWAPDB", self.db, self.r.randrange(6)))
        elif what == 12:
            words.append(("SET", "big", "x" * self.r.randrange(200000)))
        elif what == 11 and self.r.randrange(20) == 0:
            words.append(("FLUSHDB",))
        self.judge(c.pipeline(words))

    def judge(self, replies):
        """What came back; errors may be among it."""


def write(n, seed, threads=3):
    """Begins to write, in so many databases at once."""
    print("seed", seed)
    return [Writer(n, seed + i, i) for i in range(threads)]


def stop(writers):
    """Ends them."""
    for w in writers:
        w.is_over.set()
    for w in writers:
        w.join(20)
        assert not w.is_alive(), "a writer ends"


def go_on(n, bytes_more, seconds=60):
    """Lets the writers write so much."""
    end = offset(n) + node.lasting(bytes_more)
    node.until(seconds, lambda: offset(n) > end, "writes")
