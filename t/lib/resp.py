"""resp - replies as values, their canonical text, and what was expected

A reply is a tuple whose first member is its kind:

    ("simple", bytes)  ("error", bytes)  ("int", n)  ("bulk", bytes)
    ("nil",)  ("nil-array",)  ("null",)  ("bool", b)  ("double", text)
    ("big", text)  ("verbatim", format, bytes)
    ("array", [..])  ("set", [..])  ("push", [..])  ("map", [(key, value)..])

show() prints a value in the one form that transcripts use, want() reads that
form back together with its wild cards, match() compares.

Not here: sockets (node.py), the other lines of a transcript (transcript.py).
"""

import re

WORDS = {
    "nil": ("nil",), "nil-array": ("nil-array",), "null": ("null",),
    "true": ("bool", True), "false": ("bool", False),
}


class Incomplete(Exception):
    """More text or more bytes are needed."""


class Malformed(Exception):
    """What was read is not what the protocol or the language allows."""


# ---- from bytes --------------------------------------------------------

def _line(buf, at):
    end = buf.find(b"\r\n", at)
    if end < 0:
        raise Incomplete
    return bytes(buf[at:end]), end + 2


def _blob(buf, at, size):
    if len(buf) < at + size + 2:
        raise Incomplete
    if buf[at + size:at + size + 2] != b"\r\n":
        raise Malformed("a bulk of %d bytes does not end in CRLF" % size)
    return bytes(buf[at:at + size]), at + size + 2


def _many(buf, at, count):
    items = []
    for _ in range(count):
        item, at = parse(buf, at)
        items.append(item)
    return items, at


def parse(buf, at=0):
    """One reply from buf at at -> (value, where it ends); or Incomplete."""
    head, at = _line(buf, at)
    kind, rest = head[:1], head[1:]
    if kind == b"+":
        return ("simple", rest), at
    if kind == b"-":
        return ("error", rest), at
    if kind == b":":
        return ("int", int(rest)), at
    if kind == b"$":
        if rest == b"-1":
            return ("nil",), at
        data, at = _blob(buf, at, int(rest))
        return ("bulk", data), at
    if kind == b"*":
        if rest == b"-1":
            return ("nil-array",), at
        items, at = _many(buf, at, int(rest))
        return ("array", items), at
    if kind == b"_":
        return ("null",), at
    if kind == b"#":
        return ("bool", rest == b"t"), at
    if kind == b",":
        return ("double", rest.decode()), at
    if kind == b"(":
        return ("big", rest.decode()), at
    if kind == b"=":
        data, at = _blob(buf, at, int(rest))
        return ("verbatim", data[:3].decode(), data[4:]), at
    if kind == b"!":
        data, at = _blob(buf, at, int(rest))
        return ("error", data), at
    if kind == b"~":
        items, at = _many(buf, at, int(rest))
        return ("set", items), at
    if kind == b">":
        items, at = _many(buf, at, int(rest))
        return ("push", items), at
    if kind == b"%":
        items, at = _many(buf, at, 2 * int(rest))
        return ("map", list(zip(items[::2], items[1::2]))), at
    if kind == b"|":
        _, at = _many(buf, at, 2 * int(rest))
        return parse(buf, at)
    raise Malformed("no reply begins with %r" % head[:40])


# ---- to text -----------------------------------------------------------

def quote(data):
    """Bytes as a double-quoted word."""
    out = ['"']
    for byte in data:
        char = chr(byte)
        if char in '"\\':
            out.append("\\" + char)
        elif char == "\n":
            out.append("\\n")
        elif char == "\r":
            out.append("\\r")
        elif char == "\t":
            out.append("\\t")
        elif 32 <= byte < 127:
            out.append(char)
        else:
            out.append("\\x%02x" % byte)
    out.append('"')
    return "".join(out)


def _flat(value, top):
    kind = value[0]
    if kind in ("nil", "nil-array", "null"):
        return kind
    if kind == "bool":
        return "true" if value[1] else "false"
    if kind == "int":
        return str(value[1])
    if kind == "double":
        return "," + value[1]
    if kind == "big":
        return "(" + value[1]
    if kind == "bulk":
        return quote(value[1])
    if kind == "verbatim":
        return value[1] + quote(value[2])
    if kind == "simple":
        text = value[1].decode("latin-1")
        plain = r"[A-Za-z]([ -~]*[!-~])?" if top else r"[A-Za-z]+"
        if re.fullmatch(plain, text) and text not in WORDS:
            return text
        return "+" + quote(value[1])
    if kind == "error":
        text = value[1].decode("latin-1")
        if top and re.fullmatch(r"[A-Za-z]([ -~]*[!-~])?", text):
            return "-" + text
        return "-" + quote(value[1])
    if kind == "map":
        return "{%s}" % ", ".join(
            "%s: %s" % (_flat(k, False), _flat(v, False))
            for k, v in value[1])
    mark = {"array": "[", "set": "~[", "push": ">["}[kind]
    return mark + ", ".join(_flat(v, False) for v in value[1]) + "]"


def show(value, indent=""):
    """The canonical text of a value; several lines when it is long."""
    text = _flat(value, indent == "")
    if len(text) + len(indent) <= 76 or value[0] not in (
            "array", "set", "push", "map"):
        return text
    inner = indent + "  "
    if value[0] == "map":
        rows = ["%s%s: %s" % (inner, _flat(k, False), show(v, inner))
                for k, v in value[1]]
        return "{\n" + ",\n".join(rows) + "\n" + indent + "}"
    mark = {"array": "[", "set": "~[", "push": ">["}[value[0]]
    rows = [inner + show(v, inner) for v in value[1]]
    return mark + "\n" + ",\n".join(rows) + "\n" + indent + "]"


# ---- what is expected --------------------------------------------------

class _Reader:
    """The text of an expectation, read from left to right."""

    def __init__(self, text, names):
        self.text, self.at, self.names = text, 0, names

    def space(self):
        while self.at < len(self.text) and self.text[self.at] in " \t\n":
            self.at += 1

    def peek(self, word):
        return self.text.startswith(word, self.at)

    def take(self, word):
        self.space()
        if not self.peek(word):
            if self.at >= len(self.text):
                raise Incomplete
            raise Malformed("%r expected at %r" % (word, self.rest()))
        self.at += len(word)

    def rest(self):
        return self.text[self.at:].split("\n")[0]

    def regex(self, pattern):
        found = re.compile(pattern).match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def quoted(self):
        data, self.at = unquote(self.text, self.at)
        return data

    def items(self, close):
        out = []
        while True:
            self.space()
            if self.at >= len(self.text):
                raise Incomplete
            if self.peek(close):
                self.at += 1
                return out
            out.append(self.value(False))
            self.space()
            if self.peek(","):
                self.at += 1

    def pairs(self):
        out = []
        while True:
            self.space()
            if self.at >= len(self.text):
                raise Incomplete
            if self.peek("}"):
                self.at += 1
                return out
            if self.peek("..."):
                self.at += 3
                out.append((("rest",), ("rest",)))
                continue
            key = self.value(False)
            self.take(":")
            out.append((key, self.value(False)))
            self.space()
            if self.peek(","):
                self.at += 1

    def pattern(self):
        found = self.regex(r"/((?:[^/\\\n]|\\.)*)/")
        if not found:
            raise Malformed("a pattern is not closed: " + self.rest())
        return re.compile(found.group(1).replace("\\/", "/").encode(),
                          re.DOTALL)

    def value(self, top):
        self.space()
        if self.at >= len(self.text):
            raise Incomplete
        for mark, kind in (("~[", "set"), (">[", "push"), ("[", "array"),
                           ("unordered [", "unordered"), ("pairs [", "pairs")):
            if self.peek(mark):
                self.at += len(mark)
                return (kind, self.items("]"))
        if self.peek("{"):
            self.at += 1
            return ("map", self.pairs())
        if self.peek("..."):
            self.at += 3
            return ("rest",)
        if self.peek('"'):
            return ("bulk", self.quoted())
        if self.peek("/"):
            return ("regex", self.pattern())
        for mark, kind in (("+", "simple"), ("-", "error")):
            if self.peek(mark + '"'):
                self.at += 1
                return (kind, self.quoted())
            if self.peek(mark + "/"):
                self.at += 1
                return ("regex-" + kind, self.pattern())
        found = self.regex(r"(-?\d+)\.\.(-?\d+)")
        if found:
            return ("range", int(found.group(1)), int(found.group(2)))
        found = self.regex(r"-?\d+(?![\w.])")
        if found:
            return ("int", int(found.group()))
        if top:
            found = self.regex(r"([+-])([^\n]+)")
            if found:
                kind = "simple" if found.group(1) == "+" else "error"
                return (kind, found.group(2).rstrip().encode("latin-1"))
        found = self.regex(r",([-+\w.]+)")
        if found:
            return ("double", found.group(1))
        found = self.regex(r"\((-?\d+)")
        if found:
            return ("big", found.group(1))
        found = self.regex(r"\?(\w*)")
        if found:
            return ("any", found.group(1))
        found = self.regex(r"\$(\w+)")
        if found:
            if found.group(1) not in self.names:
                raise Malformed("nothing is called $" + found.group(1))
            return ("same", self.names[found.group(1)])
        found = self.regex(r'([a-z]{3})(?=")')
        if found:
            return ("verbatim", found.group(1), self.quoted())
        found = self.regex(r"nil-array|nil\b|null\b|true\b|false\b")
        if found:
            return WORDS[found.group()]
        found = self.regex(r"[A-Za-z][^\n]*" if top else r"[A-Za-z_]+")
        if found:
            return ("simple", found.group().rstrip().encode("latin-1"))
        raise Malformed("not a reply: " + self.rest())


def unquote(text, at):
    """The double-quoted word of text at at -> (bytes, where it ends)."""
    out = bytearray()
    plain = {"n": 10, "r": 13, "t": 9, "a": 7, "b": 8, "0": 0}
    at += 1
    while at < len(text):
        char = text[at]
        if char == '"':
            return bytes(out), at + 1
        if char == "\\" and at + 1 < len(text):
            escape = text[at + 1]
            if escape == "x" and re.match(r"[0-9a-fA-F]{2}",
                                          text[at + 2:at + 4]):
                out.append(int(text[at + 2:at + 4], 16))
                at += 4
                continue
            out.append(plain.get(escape, ord(escape)))
            at += 2
            continue
        out += char.encode("utf-8")
        at += 1
    raise Incomplete


def want(text, names):
    """An expectation; names gives the $values.  Incomplete: needs a line."""
    reader = _Reader(text, names)
    value = reader.value(True)
    reader.space()
    if reader.at != len(reader.text):
        raise Malformed("something follows the reply: " + reader.rest())
    return value


def text_of(value):
    """The bytes of a value that has some, as $name puts them."""
    if value[0] in ("simple", "error", "bulk"):
        return value[1]
    if value[0] == "verbatim":
        return value[2]
    if value[0] in ("int", "double", "big"):
        return str(value[1]).encode()
    return None


def _match_list(wanted, got, names):
    for i, item in enumerate(wanted):
        if item[0] == "rest":
            return True
        if i >= len(got) or not match(item, got[i], names):
            return False
    return len(wanted) == len(got)


def _match_any_order(wanted, got, names):
    left = list(got)
    rest = False
    exact = [w for w in wanted if w[0] not in ("any", "regex", "range")]
    for item in exact + [w for w in wanted if w not in exact]:
        if item[0] == "rest":
            rest = True
            continue
        for i, value in enumerate(left):
            if match(item, value, names):
                del left[i]
                break
        else:
            return False
    return rest or not left


def _couples(items):
    return [("array", list(pair)) for pair in zip(items[::2], items[1::2])]


def match(wanted, got, names):
    """Whether got is what was wanted; ?name puts what was got into names."""
    kind = wanted[0]
    if kind == "any":
        if wanted[1]:
            names[wanted[1]] = text_of(got) or b""
        return True
    if kind == "regex":
        text = text_of(got)
        return text is not None and bool(wanted[1].search(text))
    if kind in ("regex-simple", "regex-error"):
        return got[0] == kind[6:] and bool(wanted[1].search(got[1]))
    if kind == "range":
        return got[0] == "int" and wanted[1] <= got[1] <= wanted[2]
    if kind == "same":
        return text_of(got) == wanted[1]
    if kind == "unordered":
        return (got[0] in ("array", "set")
                and _match_any_order(wanted[1], got[1], names))
    if kind == "pairs":
        return got[0] == "array" and _match_any_order(
            _couples(wanted[1]), _couples(got[1]), names)
    if kind != got[0]:
        return False
    if kind in ("array", "push"):
        return _match_list(wanted[1], got[1], names)
    if kind == "set":
        return _match_any_order(wanted[1], got[1], names)
    if kind == "map":
        return _match_any_order(
            [w[0] if w[0] == ("rest",) else ("array", list(w))
             for w in wanted[1]],
            [("array", list(g)) for g in got[1]], names)
    return wanted[1:] == got[1:]
