"""a kernel that sets io_uring up and then refuses to run it ends the start with
one sentence (what containers' filters of system calls do)"""

import ctypes
import struct
import subprocess

import node

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
IO_URING_ENTER = 426
EPERM = 1
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, ERRNO = 0x7fff0000, 0x00050000

libc = ctypes.CDLL(None, use_errno=True)


class Program(ctypes.Structure):
    _fields_ = [("count", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def filtered():
    """In the child: io_uring_enter is not permitted from now on."""
    text = b"".join(struct.pack("=HBBI", *words) for words in (
        (LOAD, 0, 0, 0), (EQUAL, 0, 1, IO_URING_ENTER),
        (RETURN, 0, 0, ERRNO | EPERM), (RETURN, 0, 0, ALLOW)))
    held = ctypes.create_string_buffer(text, len(text))
    program = Program(4, ctypes.cast(held, ctypes.c_void_p))
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or libc.prctl(
            PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program)) != 0:
        raise OSError(ctypes.get_errno(), "no filters")


n = node.Node("n", ["--logfile", "log"], start=False)
try:
    done = subprocess.run(n.command(), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, preexec_fn=filtered,
                          timeout=20 * node.SLOW)
except subprocess.TimeoutExpired:
    raise AssertionError("it started, and serves nobody")
except subprocess.SubprocessError:
    node.skip("this kernel filters no system calls")
assert done.returncode == 1, done
assert done.stderr.decode() == (
    "almandined: an io_uring was set up, but does nothing (is io_uring_enter "
    "refused by a seccomp filter?): Operation not permitted\n"), done
# Without the filter it is well.
n.start()
assert n.stop() == 0
