"""node - servers that tests start, and connections to them

A node is almandined or redis-server in a directory of its own on a port of
its own.  What a test leaves running sweep() finds and ends.

A scenario in t/py uses it so:

    import node
    a = node.Node("a", ["--workers", "2"])
    c = a.connect()
    assert c.call("SET", "k", "v") == ("simple", b"OK")

Not here: the meaning of replies (resp.py).
"""

import atexit
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import resp

BUILD = os.environ.get("ALMANDINE_BUILD", "build")
# How much slower than usual this build is (sanitizers); scales all limits.
SLOW = float(os.environ.get("ALMANDINE_SLOW", "1"))
# How many times longer than usual tests with random faults last (t/run --long).
LONG = float(os.environ.get("ALMANDINE_LONG", "1"))
ID = os.environ.setdefault("ALMANDINE_TEST", "test-%d" % os.getpid())
# What redis-server does not know and the oracle can do without.
OURS = {"workers", "shm-size", "shm-name", "stall-timeout", "huge-pages"}

_nodes = []
_next_port = None


class Gone(Exception):
    """The other side closed the connection, or a server is not there."""


class Skip(Exception):
    """The test can not run here; its text says why."""


def lasting(seconds):
    """How long a test with random faults goes on: longer in `make torture`."""
    return seconds * LONG


def has_faults(c):
    """Whether the node of a connection was built with fault points."""
    return b"no fault points" not in c.call("DEBUG", "FAULT", "cut", "off")[1]


@contextlib.contextmanager
def holds(n, point):
    """The process of a node that comes to the fault point next (not a worker:
    one of them has to let it go) stays there for as long as the block lasts.
    Gives a function that says whether somebody is there."""
    mark = "fault %s: holds" % point
    before = n.log_count(mark)
    c = n.connect()
    try:
        c.ok("DEBUG", "FAULT", point, "hold", 600000, "once")
        yield lambda: n.log_count(mark) > before
    finally:
        c.ok("DEBUG", "FAULT", point, "off")
        c.close()


def skip(why):
    """Ends a scenario as skipped."""
    print("skipped: " + why)
    sys.exit(77)


def client(script, *args):
    """The command that runs t/clients/SCRIPT with node; ends as skipped
    without node or the packages."""
    modules = os.environ.get("NODE_PATH", "")
    if not shutil.which("node"):
        skip("node is not installed")
    if not os.path.isdir(os.path.join(modules, "ioredis")):
        skip("no npm packages in build/clients (runtests installs them)")
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return ["node", os.path.join(here, "clients", script)] + \
        [str(a) for a in args]


def run_client(script, *args):
    """Runs t/clients/SCRIPT.  Fails unless it exits with 0."""
    done = subprocess.run(client(script, *args), stdin=subprocess.DEVNULL)
    assert done.returncode == 0, "%s failed" % script


def directory():
    """The directory of this test; removed by the runner unless it failed."""
    if "ALMANDINE_TEST_DIR" not in os.environ:
        os.environ["ALMANDINE_TEST_DIR"] = tempfile.mkdtemp(prefix="alm-")
    return os.environ["ALMANDINE_TEST_DIR"]


class Place:
    """Where a node is and how it is reached; netns.Host is another."""

    def __init__(self, ip):
        self.ip = ip

    def inside(self):
        """What is done within is done there."""
        return contextlib.nullcontext()


HERE, HERE6 = Place("127.0.0.1"), Place("::1")


def _is_free(port, place=HERE):
    family = socket.AF_INET6 if ":" in place.ip else socket.AF_INET
    with place.inside(), socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((place.ip, port))
        except OSError:
            return False
    return True


def free_port():
    """A loopback port of this test's own range that nobody listens on."""
    global _next_port
    first, last = (int(n) for n in os.environ.get(
        "ALMANDINE_TEST_PORTS", "21000-21999").split("-"))
    if _next_port is None:
        _next_port = first
    while _next_port <= last:
        port, _next_port = _next_port, _next_port + 1
        if _is_free(port):
            return port
    raise Gone("no free port in %d-%d" % (first, last))


def until(seconds, check, what="it"):
    """Calls check() until it returns something true, which is returned."""
    end = time.monotonic() + seconds * SLOW
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError("%s did not happen within %gs"
                                 % (what, seconds * SLOW))
        time.sleep(0.005)


def almandined():
    return os.path.abspath(os.path.join(BUILD, "almandined"))


class Connection:
    """A client connection.  Words of a command are str, bytes or numbers."""

    def __init__(self, port, proto=2, path=None, seconds=5, place=HERE):
        self.where, self.seconds = (path or port), seconds * SLOW
        if path:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(self.seconds)
            self.sock.connect(path)
        else:
            with place.inside():
                self.sock = socket.create_connection((place.ip, port),
                                                     self.seconds)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buf = bytearray()
        self.pushes = []
        if proto == 3:
            self.call("HELLO", 3)

    def send(self, *words):
        self.send_raw(encode(words))

    def send_raw(self, data):
        try:
            self.sock.sendall(data)
        except OSError as e:
            raise Gone("sending: %s" % e)

    def _more(self, seconds):
        self.sock.settimeout(self.seconds if seconds is None
                             else max(seconds, 0.001))
        try:
            data = self.sock.recv(1 << 20)
        except socket.timeout:
            raise TimeoutError
        except OSError as e:
            raise Gone("receiving: %s" % e)
        if not data:
            raise Gone("the server closed the connection")
        self.buf += data

    def read(self, seconds=None, push=None):
        """The next reply.  push: True only pushes, False anything but,
        None whatever comes first."""
        if push is not False and self.pushes:
            return self.pushes.pop(0)
        while True:
            try:
                value, used = resp.parse(self.buf)
            except resp.Incomplete:
                self._more(seconds)
                continue
            del self.buf[:used]
            if push is None or push == (value[0] == "push"):
                return value
            if value[0] != "push":
                return value
            self.pushes.append(value)

    def read_raw(self, count, seconds=None):
        while len(self.buf) < count:
            self._more(seconds)
        data = bytes(self.buf[:count])
        del self.buf[:count]
        return data

    def call(self, *words):
        self.send(*words)
        return self.read(push=False)

    def ok(self, *words):
        """call() that must not be answered by an error."""
        value = self.call(*words)
        if value[0] == "error":
            raise AssertionError("%s: %s" % (words[0], value[1].decode()))
        return value

    def pipeline(self, commands):
        """Sends all in one piece, returns the list of replies."""
        self.send_raw(b"".join(encode(words) for words in commands))
        return [self.read(push=False) for _ in commands]

    def is_closed(self, seconds):
        """Whether the server closes within seconds (replies are dropped)."""
        try:
            while True:
                self._more(seconds)
        except TimeoutError:
            return False
        except Gone:
            return True

    def close(self):
        self.sock.close()


def encode(words):
    out = [b"*%d\r\n" % len(words)]
    for word in words:
        if isinstance(word, str):
            word = word.encode()
        elif not isinstance(word, (bytes, bytearray)):
            word = str(word).encode()
        out.append(b"$%d\r\n%s\r\n" % (len(word), word))
    return b"".join(out)


def _read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError:
        return b""


def _children(pid):
    return [int(p) for p in
            _read("/proc/%d/task/%d/children" % (pid, pid)).split()]


def _state(pid):
    """The letter of its state in ps; b"": there is no such process."""
    words = _read("/proc/%d/stat" % pid).rpartition(b")")[2].split()
    return words[0] if words else b""


def is_alive(pid):
    """Whether it may still do something: what was killed may for a while."""
    return _state(pid) not in (b"", b"Z", b"X")


class Node:
    """One server.  kind: "almandined", or "redis" for redis-server; or what
    ALMANDINE_ORACLE says."""

    def __init__(self, name, args=(), kind=None, start=True, place=HERE):
        kind = kind or os.environ.get("ALMANDINE_ORACLE", "almandined")
        self.place, self.ip = place, place.ip
        self.name, self.kind, self.args = name, kind, list(args)
        self.dir = os.path.join(directory(), name)
        os.makedirs(self.dir, exist_ok=True)
        self.log = os.path.join(directory(), name + ".log")
        self.port = free_port()
        self.child = None
        _nodes.append(self)
        if start:
            self.start()

    def has_option(self, name):
        return "--" + name in self.args

    def command(self):
        own = ["--port", str(self.port), "--bind", self.ip,
               "--dir", self.dir]
        if self.place not in (HERE, HERE6):
            own += ["--protected-mode", "no"]
        if self.kind == "redis":
            own += ["--save", "", "--daemonize", "no"]
            binary = shutil.which("redis-server")
            if not binary:
                raise Skip("redis-server is not installed")
            args = self._args_for_redis()
        else:
            binary, args = almandined(), self.args
            # Snapshots are written by those tests that want them.
            if not self.has_option("save"):
                own += ["--save", ""]
            if not self.has_option("workers"):
                own += ["--workers", "2"]
        if not self.has_option("enable-debug-command"):
            own += ["--enable-debug-command", "yes"]
        # A configuration file comes first.
        file = args[:1] if args and not args[0].startswith("-") else []
        return [binary] + file + own + args[len(file):]

    def _args_for_redis(self):
        out, drop = [], False
        for word in self.args:
            if word.startswith("--"):
                drop = word[2:] in OURS
            if not drop:
                out.append(word)
        return out

    def start(self, seconds=10, waits=True):
        """Starts it and waits until it answers a PING, whatever it says."""
        if self.child is not None:
            # The kernel lets go of sockets in a ring after its process.
            until(10, self._is_port_free, "the end of its sockets")
        with open(self.log, "ab") as log, self.place.inside():
            self.child = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, cwd=self.dir)
        if not waits:
            return
        until(seconds, self.is_up, "the start of " + self.name)
        if self.kind == "almandined":
            until(seconds, self._is_whole, "all processes of " + self.name)

    def _is_port_free(self):
        ports = [self.port]
        if self.has_option("cluster-port"):
            ports.append(int(self.args[self.args.index("--cluster-port")
                                       + 1]))
        return all(_is_free(p, self.place) for p in ports)

    def _is_whole(self):
        """The first worker answers before the last process has its name."""
        if self.child.poll() is not None:
            return True
        count = 2
        if self.has_option("workers"):
            count = int(self.args[self.args.index("--workers") + 1])
        wanted = {"worker %d" % i for i in range(count or os.cpu_count())}
        return wanted | {"control"} <= set(self.processes())

    def is_up(self):
        """Whether it serves; raises Gone when it ended."""
        if self.child.poll() is not None:
            raise Gone("%s ended with %d at its start:\n%s" % (
                self.name, self.child.returncode, self.log_tail()))
        try:
            c = Connection(self.port, seconds=1, place=self.place)
        except OSError:
            return False
        try:
            return not c.call("PING")[1].startswith(b"LOADING")
        except (Gone, TimeoutError):
            return False
        finally:
            c.close()

    def log_tail(self, lines=15):
        text = _read(self.log).decode("utf-8", "replace").split("\n")
        return "\n".join(text[-lines:])

    def log_count(self, text):
        """How often the log says it."""
        return _read(self.log).count(text.encode())

    def log_has(self, pattern):
        return re.search(pattern.encode(), _read(self.log), re.M) is not None

    def connect(self, proto=2, seconds=5):
        try:
            return Connection(self.port, proto, seconds=seconds,
                              place=self.place)
        except OSError as e:
            raise Gone("%s: %s" % (self.name, e))

    @property
    def pid(self):
        return self.child.pid

    def processes(self):
        """{"supervisor": pid, "worker 0": pid, "control": pid, ...} of the
        processes that live; the names are those they show in ps."""
        found = {"supervisor": self.pid}
        for pid in _children(self.pid):
            shown = (_read("/proc/%d/cmdline" % pid)
                     .replace(b"\0", b" ").decode("utf-8", "replace"))
            comm = _read("/proc/%d/comm" % pid).decode("utf-8", "replace")
            state = _read("/proc/%d/stat" % pid).rpartition(b")")[2].split()
            if not state or state[0] == b"Z":
                continue
            for text in (comm, shown):
                m = re.search(r"\b(worker|control|logger|saver|pages)"
                              r"(?:[ :/-]?(\d+))?", text)
                if m:
                    key = m.group(1)
                    if key == "worker":
                        key += " " + (m.group(2) or "0")
                    found[key] = pid
                    break
        return found

    def process(self, name):
        pid = self.processes().get(name)
        if pid is None:
            raise Gone("%s has no %s" % (self.name, name))
        return pid

    def hit(self, name, signo=signal.SIGKILL):
        """Sends a signal to one of the processes; returns its pid."""
        pid = self.process(name)
        os.kill(pid, signo)
        return pid

    def halt(self, name):
        """Stops one of the processes: its pid when it stands still, None when
        it ended before that."""
        try:
            pid = self.hit(name, signal.SIGSTOP)
        except (Gone, ProcessLookupError):
            return None
        until(5, lambda: _state(pid) in (b"T", b"Z", b"X", b""),
              "that %s stands still" % name)
        return pid if _state(pid) == b"T" else None

    def respawned(self, name, old_pid, seconds=5):
        """Waits until the process has another pid."""
        return until(seconds, lambda: self.processes().get(
            name, old_pid) != old_pid, "the respawn of " + name)

    def kill(self):
        """The whole node dies at once; when that was (time.monotonic())."""
        left = set(self.processes().values()) | set(_children(self.pid))
        when = time.monotonic()
        self.child.kill()
        self.child.wait()
        left.discard(self.pid)
        until(10, lambda: not any(map(is_alive, left)),
              "the end of " + self.name)
        # The kernel lets go of sockets in a ring a little later.
        until(10, self._is_port_free, "the end of its sockets")
        return when

    def stop(self, signo=signal.SIGTERM, seconds=10):
        """Stops it and returns its exit code."""
        if self.child is None:
            return None
        if self.child.poll() is None:
            self.child.send_signal(signo)
        try:
            return self.child.wait(seconds * SLOW)
        except subprocess.TimeoutExpired:
            raise AssertionError("%s did not stop within %gs"
                                 % (self.name, seconds * SLOW))


def _is_of(entry, mark, session, where):
    """Whether a process belongs to a test: by its environment (which a server
    may write its title over), its session or its working directory."""
    if mark in _read("/proc/%s/environ" % entry):
        return True
    stat = _read("/proc/%s/stat" % entry).rpartition(b")")[2].split()
    if len(stat) > 3 and session and int(stat[3]) == session:
        return stat[0] != b"Z"
    try:
        return where is not None and os.readlink(
            "/proc/%s/cwd" % entry).startswith(where)
    except OSError:
        return False


def sweep(test_id, session=None, where=None):
    """Kills what a test left running."""
    mark = b"ALMANDINE_TEST=" + test_id.encode() + b"\0"
    for _ in range(10):
        left = [e for e in os.listdir("/proc")
                if e.isdigit() and int(e) != os.getpid()
                and _is_of(e, mark, session, where)]
        for entry in left:
            try:
                os.kill(int(entry), signal.SIGKILL)
            except OSError:
                pass
        if not left:
            break
        time.sleep(0.01)
    for name in os.listdir("/dev/shm"):
        if test_id in name:
            os.unlink("/dev/shm/" + name)


@atexit.register
def _stop_all():
    for n in _nodes:
        if n.child and n.child.poll() is None:
            n.child.kill()
            n.child.wait()
