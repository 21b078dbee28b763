"""each row of a table is in the pages and files that are made from it"""

import glob
import os
import re
import shutil
import subprocess

import node

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


def read(path):
    with open(path) as f:
        return f.read()


def built(path):
    return read(os.path.join(node.BUILD, path))


def rows(macro, path, field):
    """The field-th argument of each row, where it is a name in quotes."""
    pattern = (r"^%s\(%s\"((?:[^\"\\]|\\.)+)\""
               % (macro, r"[^,]*,\s*" * field))
    return [text.replace('\\"', '"') for text in
            re.findall(pattern, read(os.path.join(TOP, path)), re.M)]


def plain(page):
    return page.replace("\\-", "-").replace("\\(dq", '"').replace("\\&", "")


options = rows("OPTION", "shm/option.def", 2)
aliases = rows("OPTION_ALIAS", "shm/option.def", 0)
commands = [c for path in glob.glob(os.path.join(TOP, "proto/command/*.def"))
            for c in rows("COMMAND", os.path.relpath(path, TOP), 1)]
errors = rows("ERROR", "proto/error.def", 1)
counters = rows("STAT", "shm/stat.def", 1)
assert len(options) > 40 and commands and len(errors) > 5 and counters

completion = built("etc/almandined")
sample = built("etc/almandined.conf")
page = plain(built("man/almandined.conf.5"))
for name in options:
    assert len(re.findall(r"^#%s =" % re.escape(name), sample, re.M)) == 1, (
        "%s is not in the sample configuration, once" % name)
    assert "--%s\n" % name in completion
    assert '.BI "%s"' % name in page, "%s is not in its page" % name
for name in aliases:
    assert ".BR %s ." % name in page, "the alias %s is not there" % name

page = plain(built("man/almandine-commands.7"))
for name in commands:
    assert '.BR "%s"' % name.upper().replace("|", " ") in page, (
        "%s is not in its page" % name)
for text in errors:
    assert text.replace("\\", "\\e") in page, "%r is not there" % text

# the sample says what holds without it
bare = os.path.join(node.directory(), "sample.conf")
with open(bare, "w") as f:
    f.write(re.sub(r"^#([a-z][\w-]* =)", r"\1", sample, flags=re.M))
said = [subprocess.run([node.almandined()] + args + ["--check"],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       check=False).stdout.decode()
        for args in ([], [bare])]
said[1] = said[1].replace("; from %s\n" % bare, "")
assert said[0] == said[1] and "port = 6379" in said[0], said[1]

# the pages are what troff understands
if shutil.which("groff"):
    for path in glob.glob(os.path.join(node.BUILD, "man", "*.[1-9]")):
        done = subprocess.run(["groff", "-man", "-ww", "-z", path],
                              stderr=subprocess.PIPE)
        assert not done.stderr, done.stderr.decode()
