"""servers - what the benchmark starts, asks and stops

Every server runs in a directory of its own, on a port of its own, on the
cores it is told, at a raised priority where we may (all of them alike, so
that neighbours disturb none more than another).  It dies with the benchmark,
whatever happens to it.

Not here: what is measured (run).
"""

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
sys.dont_write_bytecode = True

import resp  # noqa: E402

PR_SET_PDEATHSIG = 1
NICE = -15
START_S = 20
STOP_S = 10
SLOW_US = 100

_next_port = 21700


class Trouble(Exception):
    """The benchmark can not go on; the text says why."""


def use_ports_from(port):
    """The first of the ports that servers get."""
    global _next_port
    _next_port = port


def settle(cores):
    """What a child (in a session of its own) does before exec."""
    def child():
        if cores is not None:
            os.sched_setaffinity(0, cores)
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, NICE)
        # Where the kernel shares the processors out by session, the
        # priority of the session is what counts.
        with contextlib.suppress(OSError), open(
                "/proc/self/autogroup", "w", encoding="ascii") as f:
            f.write(str(NICE))
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    return child


class Server:
    """One running server; also a connection to it."""

    def __init__(self, name, argv, cores):
        """argv may hold {port} and {dir}; cores is a set, None: any."""
        global _next_port
        self.name = name
        self.port, _next_port = _next_port, _next_port + 1
        self.dir = tempfile.mkdtemp(prefix="bench-")
        self.log = open(os.path.join(self.dir, "output"), "wb")
        argv = [a.format(port=self.port, dir=self.dir) for a in argv]
        try:
            self.process = subprocess.Popen(
                argv, stdout=self.log, stderr=self.log, cwd=self.dir,
                start_new_session=True, preexec_fn=settle(cores))
        except OSError as e:
            raise Trouble("%s does not start: %s" % (argv[0], e))
        self.pid = self.process.pid
        self.socket, self.got = None, b""

    def __enter__(self):
        try:
            self._connect()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def _connect(self):
        deadline = time.monotonic() + START_S
        while self.socket is None:
            if self.process.poll() is not None:
                raise Trouble("%s ended at once: %s" % (
                    self.name, self.output()))
            try:
                self.socket = socket.create_connection(
                    ("127.0.0.1", self.port), timeout=120)
            except OSError:
                if time.monotonic() > deadline:
                    raise Trouble("%s does not listen: %s" % (
                        self.name, self.output()))
                time.sleep(0.01)

    def output(self):
        """The end of what the server has printed."""
        with open(self.log.name, "rb") as f:
            return f.read()[-600:].decode("utf-8", "replace").strip()

    def call(self, *words):
        """One command; the reply as resp.py has it."""
        words = [str(w).encode() for w in words]
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(
            b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
        while True:
            try:
                reply, end = resp.parse(self.got)
            except resp.Incomplete:
                more = self.socket.recv(65536)
                if not more:
                    raise Trouble("%s hung up: %s" % (
                        self.name, self.output()))
                self.got += more
                continue
            self.got = self.got[end:]
            return reply

    def used_memory(self):
        """used_memory of INFO, in bytes."""
        for line in self.call("INFO", "memory")[1].split(b"\r\n"):
            if line.startswith(b"used_memory:"):
                return int(line.split(b":")[1])
        raise Trouble("%s: no used_memory in INFO" % self.name)

    def clear(self):
        """Makes it empty; what was freed may take a moment to be gone."""
        reply = self.call("FLUSHALL")
        if reply[0] == "error":
            raise Trouble("%s: FLUSHALL: %s" % (self.name, reply[1]))

    def watch_slow(self):
        """From now on commands of 0.1 ms and more are kept."""
        for words in (("CONFIG", "SET", "slowlog-log-slower-than", SLOW_US),
                      ("CONFIG", "SET", "slowlog-max-len", 100000),
                      ("SLOWLOG", "RESET")):
            self.call(*words)

    def slowest_ms(self):
        """The longest command since; SLOW_US when there was none."""
        entries = self.call("SLOWLOG", "GET", "-1")[1]
        return max([SLOW_US] + [e[1][2][1] for e in entries]) / 1e3

    def stop(self):
        """Ends it and all it started."""
        if self.socket is not None:
            self.socket.close()
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)
