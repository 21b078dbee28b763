"""transcript - the language of t/tr/*.t

A transcript is read line by line; # begins a comment line.

    # strings: a value comes back as it was stored
    server a --workers 2        start almandined (redis-server for --oracle)
    redis r --databases 4       start redis-server, always
    client c a                  connect; `client c a resp3` says HELLO 3
    c> SET k "two words\\x00"    send, then compare the reply with ...
    OK                          ... the canonical text that follows
    c> LRANGE l 0 -1
    ["a", "b",                  brackets may go over several lines
     ...]                       ... the rest does not matter
    c! FLUSHALL                 send; any reply but an error will do
    c>> BLPOP q 0               send, read nothing yet
    c< ["q", "v"]               read what comes (a reply or a push)
    c silent 50ms               nothing comes
    c raw "PING\\r\\n"            bytes out ...
    c gets "+PONG\\r\\n"          ... and in
    c closed                    the server closes the connection
    c close                     we do
    until 5s c> GET k = "v"     ask again until; reconnects if need be
    kill worker 0 of a          SIGKILL (worker N, control, supervisor)
    signal STOP control of a
    respawned worker 0 of a     the killed one is there again
    stop a [TERM]               SIGTERM, must exit with 0
    start a [ARGS]              again, in the same directory
    log a /regex/ [5s]          a line of its log, now or soon
    file a/x.ini                a file in the test's directory: lines of
    | text                      ... this
    run redis-cli -p $a_port PING
    | PONG                      what it prints; or `run! CMD`: must fail
    | /regex/                   a line between slashes is a pattern
    only almandined             skipped by --oracle; `only faults`: skipped
                                without --enable-faults
    needs redis-cli             skipped unless the program is there
    limit 60s                   how long the whole test may take

A reply: OK (simple)  -ERR text  7  "bulk"  ,1.5  nil  nil-array  null  true
[array]  {map: value}  ~[set]  >[push]  txt"verbatim"  (123 (big number).
Sets and maps compare in any order.  Wild: ?  ?name (keeps it as $name)
/regex/  -/regex/  1..5  ...  unordered [..]  pairs [..].
`oracle REPLY` in the line after a reply is what redis-server says instead:
an intended difference.

Words of commands: plain, "with \\x escapes", $name, <x*1000> (repeated).
$a_port $a_pid $a_dir are there for each server a; $dir, $id (unique).

Not here: values and patterns (resp.py), servers (node.py), limits and
summaries (t/run).
"""

import os
import re
import shlex
import shutil
import signal
import subprocess

import node
import resp

KEYWORDS = {
    "server", "redis", "client", "kill", "signal", "respawned", "stop",
    "start", "until", "log", "file", "run", "run!", "only", "needs", "limit",
    "oracle",
}
# Replies whose order means nothing, as --record writes them.
UNORDERED = {
    "SMEMBERS": "unordered ", "SUNION": "unordered ", "SINTER": "unordered ",
    "SDIFF": "unordered ", "KEYS": "unordered ", "HKEYS": "unordered ",
    "HVALS": "unordered ", "HRANDFIELD": "unordered ",
    "SRANDMEMBER": "unordered ", "SPOP": "unordered ", "HGETALL": "pairs ", "CONFIG GET": "pairs ",
}
CLIENT = re.compile(r"(\w+)(>>|>|!|<)(?:\s+(.*))?$")
CLIENT_VERB = re.compile(r"(\w+) (raw|gets|closed|close|silent)\b\s*(.*)$")


class Failed(Exception):
    """The transcript and the server disagree."""


def seconds_of(text, default):
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s)", text.strip())
    if not found:
        return default
    return float(found.group(1)) / (1000 if found.group(2) == "ms" else 1)


def is_directive(line):
    word = line.split(" ", 1)[0]
    return (word in KEYWORDS or bool(CLIENT.match(line))
            or bool(CLIENT_VERB.match(line)))


def limit_of(path, default):
    """The time limit a transcript asks for, in seconds."""
    with open(path) as f:
        for line in f:
            if line.startswith("limit "):
                return seconds_of(line[6:], default)
    return default


class Transcript:
    """One file being run.  oracle: servers are redis-server.  record: fill
    missing replies from what comes; the file is written by save()."""

    def __init__(self, path, oracle=False, record=False):
        with open(path) as f:
            self.lines = f.read().split("\n")
        self.path, self.oracle, self.record = path, oracle, record
        self.at = 0
        self.nodes, self.clients = {}, {}
        self.names = {"dir": node.directory().encode(),
                      "id": node.ID.encode()}
        self.recorded = []  # (line to insert before, text)

    # ---- reading the file ----

    def run(self):
        while self.at < len(self.lines):
            line = self.lines[self.at].strip()
            start = self.at
            self.at += 1
            if not line or line.startswith("#"):
                continue
            try:
                self.directive(line)
            except (Failed, AssertionError, resp.Malformed, resp.Incomplete,
                    node.Gone, TimeoutError, KeyError, OSError) as e:
                if isinstance(e, KeyError):
                    e = "nothing is called %s" % e
                elif isinstance(e, TimeoutError):
                    e = "nothing came in time"
                raise Failed("%s:%d: %s\n%s" % (
                    self.path, start + 1, line, e or type(e).__name__))

    def directive(self, line):
        found = CLIENT_VERB.match(line)
        if found and found.group(1) not in KEYWORDS:
            return self.verb(*found.groups())
        found = CLIENT.match(line)
        if found and found.group(1) not in KEYWORDS:
            return self.client_line(*found.groups())
        word, _, rest = line.partition(" ")
        method = getattr(self, "do_" + word.replace("!", "_fails"), None)
        if word not in KEYWORDS or method is None:
            raise Failed("not a line of the language")
        return method(rest.strip())

    def next_line(self):
        if self.at >= len(self.lines):
            return None
        line = self.lines[self.at].strip()
        return line if line and not line.startswith("# ") else None

    def value_here(self, text):
        """Parses an expectation that begins with text and may go on."""
        while True:
            try:
                return resp.want(text, self.names)
            except resp.Incomplete:
                if self.at >= len(self.lines):
                    raise
                text += "\n" + self.lines[self.at]
                self.at += 1

    def expectation(self):
        """The reply written after the current line; None: there is none."""
        line = self.next_line()
        if line is None or is_directive(line):
            return None
        self.at += 1
        value = self.value_here(line)
        line = self.next_line()
        if line is not None and line.startswith("oracle "):
            self.at += 1
            other = self.value_here(line[7:])
            if self.oracle:
                return other
        return value

    def block(self):
        out = []
        while (self.at < len(self.lines)
               and self.lines[self.at].lstrip().startswith("|")):
            text = self.lines[self.at].lstrip()[1:]
            out.append(text[1:] if text.startswith(" ") else text)
            self.at += 1
        return out

    def fill(self, text):
        """Puts $names into text."""
        def put(found):
            name = found.group(1) or found.group(2)
            if name not in self.names:
                return found.group()
            return self.names[name].decode("latin-1")
        return re.sub(r"\$(?:(\w+)|\{(\w+)\})", put, text)

    def words(self, text):
        """A command line as a list of bytes."""
        out, at = [], 0
        while True:
            while at < len(text) and text[at] in " \t":
                at += 1
            if at >= len(text):
                return out
            if text[at] == '"':
                word, at = resp.unquote(text, at)
                out.append(word)
                continue
            if text[at] == "'":
                end = text.index("'", at + 1)
                out.append(text[at + 1:end].encode())
                at = end + 1
                continue
            found = re.compile(r"[^ \t]+").match(text, at)
            at = found.end()
            word = found.group()
            times = re.fullmatch(r"<(.+)\*(\d+)>", word)
            if times:
                out.append(times.group(1).encode() * int(times.group(2)))
            else:
                out.append(self.fill(word).encode("latin-1"))

    # ---- clients ----

    def client_line(self, name, mark, text):
        conn = self.clients[name]
        if mark == "<":
            wanted = self.value_here(text) if text else self.expectation()
            return self.compare(wanted, self.read(conn, wanted))
        conn.send(*self.words(text or ""))
        if mark == ">>":
            return None
        if mark == "!":
            got = conn.read(push=False)
            if got[0] == "error":
                raise Failed("got " + resp.show(got))
            return None
        wanted = self.expectation()
        head = text.upper().split(" ")
        order = (UNORDERED.get(head[0])
                 or UNORDERED.get(" ".join(head[:2]), ""))
        return self.compare(wanted, self.read(conn, wanted), order)

    @staticmethod
    def read(conn, wanted):
        if wanted is None:
            return conn.read()
        if wanted[0] == "push":
            return conn.read(push=True)
        return conn.read(push=False)

    def compare(self, wanted, got, order=""):
        if wanted is None:
            if not self.record:
                raise Failed("no reply is written here; got\n"
                             + resp.show(got))
            if got[0] != "array":
                order = ""
            self.recorded.append((self.at, order + resp.show(got)))
        elif not resp.match(wanted, got, self.names):
            raise Failed("want %s\ngot  %s" % (
                self.shown(wanted), resp.show(got)))

    @staticmethod
    def shown(wanted):
        try:
            return resp.show(wanted)
        except (KeyError, TypeError, IndexError):
            return repr(wanted)

    def verb(self, name, verb, text):
        conn = self.clients[name]
        if verb == "raw":
            conn.send_raw(b"".join(self.words(text)))
        elif verb == "gets":
            data = b"".join(self.words(text))
            try:
                got = conn.read_raw(len(data))
            except (TimeoutError, node.Gone):
                got = bytes(conn.buf)
            if got != data:
                raise Failed("got " + resp.quote(got))
        elif verb == "close":
            conn.close()
        elif verb == "closed":
            if not conn.is_closed(seconds_of(text, 5) * node.SLOW):
                raise Failed("it is still open")
        elif verb == "silent":
            try:
                got = conn.read(seconds_of(text, 0.05))
            except TimeoutError:
                return
            raise Failed("got " + resp.show(got))

    def do_client(self, text):
        words = text.split()
        proto = 3 if "resp3" in words[2:] else 2
        if words[0] in self.clients:
            self.clients[words[0]].close()
        self.clients[words[0]] = self.nodes[words[1]].connect(proto)
        self.clients[words[0]].peer = (words[1], proto)

    def do_until(self, text):
        found = re.match(r"(\S+) (\w+)> (.*) = (.*)$", text)
        if not found:
            raise Failed("until 5s c> COMMAND = REPLY")
        limit, name, command, reply = found.groups()
        wanted = self.value_here(reply)
        last = [None]

        def check():
            conn = self.clients[name]
            try:
                conn.send(*self.words(command))
                last[0] = self.read(conn, wanted)
            except (node.Gone, TimeoutError):
                peer, proto = conn.peer
                try:
                    self.clients[name] = self.nodes[peer].connect(proto)
                    self.clients[name].peer = conn.peer
                except (node.Gone, TimeoutError):
                    pass
                return False
            return resp.match(wanted, last[0], self.names)
        try:
            node.until(seconds_of(limit, 5), check)
        except AssertionError:
            raise Failed("last got " + (
                resp.show(last[0]) if last[0] else "nothing"))

    # ---- servers ----

    def name_node(self, n):
        self.nodes[n.name] = n
        self.names[n.name + "_port"] = str(n.port).encode()
        self.names[n.name + "_dir"] = n.dir.encode()
        if n.child:
            self.names[n.name + "_pid"] = str(n.pid).encode()

    def args(self, text):
        return [self.fill(w) for w in shlex.split(text)]

    def do_server(self, text, kind=None):
        words = shlex.split(text)
        kind = kind or ("redis" if self.oracle else "almandined")
        n = node.Node(words[0], kind=kind, start=False)
        self.name_node(n)
        n.args = [self.fill(w) for w in words[1:]]
        n.start()
        self.name_node(n)

    def do_redis(self, text):
        self.do_server(text, "redis")

    def do_start(self, text):
        words = shlex.split(text)
        n = self.nodes[words[0]]
        if len(words) > 1:
            n.args = [self.fill(w) for w in words[1:]]
        n.start()
        self.name_node(n)

    def do_stop(self, text):
        words = text.split()
        signo = getattr(signal, "SIG" + (words + ["TERM"])[1])
        code = self.nodes[words[0]].stop(signo)
        if code != 0 and signo == signal.SIGTERM:
            raise Failed("it exited with %s" % code)

    def do_kill(self, text):
        self.do_signal("KILL " + text)

    def do_signal(self, text):
        signo, process, name = re.match(r"(\w+) (.*) of (\w+)$",
                                        text).groups()
        n = self.nodes[name]
        n.killed = n.hit(process, getattr(signal, "SIG" + signo))

    def do_respawned(self, text):
        process, name, rest = re.match(r"(.*) of (\w+)\s*(.*)$",
                                       text).groups()
        n = self.nodes[name]
        n.respawned(process, n.killed, seconds_of(rest, 5))

    def do_log(self, text):
        name, pattern, rest = re.match(r"(\w+) /(.*)/\s*(\S*)$",
                                       text).groups()
        node.until(seconds_of(rest, 5),
                   lambda: self.nodes[name].log_has(pattern), "a log line")

    # ---- files and programs ----

    def do_file(self, text):
        path = os.path.join(node.directory(), text)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            for line in self.block():
                f.write(self.fill(line) + "\n")

    def do_run(self, text, fails=False):
        env = dict(os.environ)
        env["PATH"] = os.path.abspath(node.BUILD) + ":" + env["PATH"]
        done = subprocess.run(
            self.fill(text), shell=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            cwd=node.directory(), env=env, timeout=30 * node.SLOW)
        got = done.stdout.decode("utf-8", "replace").rstrip("\n")
        wanted = self.block()
        if (done.returncode != 0) != fails:
            raise Failed("it exited with %d and said\n%s"
                         % (done.returncode, got))
        if wanted and not self.same_lines(wanted, got.split("\n")):
            raise Failed("it said\n" + got)
        if not wanted and self.record and got:
            self.recorded.append((self.at, "\n".join(
                "| " + line for line in got.split("\n"))))

    def do_run_fails(self, text):
        self.do_run(text, True)

    def same_lines(self, wanted, got):
        if wanted and wanted[-1] == "...":
            wanted = wanted[:-1]
            got = got[:len(wanted)]
        return len(wanted) == len(got) and all(
            re.search(w[1:-1], g) if re.fullmatch(r"/.+/", w)
            else self.fill(w).rstrip() == g.rstrip()
            for w, g in zip(wanted, got))

    # ---- conditions ----

    def do_only(self, text):
        if text == "almandined" and self.oracle:
            raise node.Skip("only for almandined")
        if text == "faults" and (
                self.oracle or not os.environ.get("ALMANDINE_FAULTS")):
            raise node.Skip("needs a build with fault points")

    def do_needs(self, text):
        if not shutil.which(text):
            raise node.Skip(text + " is not installed")

    def do_limit(self, text):
        """Read by the runner before the test starts."""

    def do_oracle(self, text):
        raise Failed("`oracle` stands after a reply")

    # ---- recording ----

    def save(self):
        """Writes the recorded replies into the file; whether there were
        any."""
        for at, text in reversed(self.recorded):
            self.lines[at:at] = text.split("\n")
        if self.recorded:
            with open(self.path, "w") as f:
                f.write("\n".join(self.lines))
        return bool(self.recorded)
