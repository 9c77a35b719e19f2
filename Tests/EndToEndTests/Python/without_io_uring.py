"""Becomes the program named by its arguments, in a sandbox as containers and service managers make it: io_uring's system
calls fail with the error number that comes first."""

import ctypes
import os
import struct
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO = 0x7FFF0000, 0x00050000
LOAD_WORD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
# The same on every architecture: io_uring_setup, io_uring_enter, io_uring_register.
FORBIDDEN = [425, 426, 427]


def instruction(code, value, if_true=0, if_false=0):
    return struct.pack("HBBI", code, if_true, if_false, value)


def main():
    error = int(sys.argv[1])
    # The number of the system call is the first word of what the filter is shown.
    program = instruction(LOAD_WORD, 0)
    for position, number in enumerate(FORBIDDEN):
        program += instruction(JUMP_IF_EQUAL, number, if_true=len(FORBIDDEN) - position)
    program += instruction(RETURN, SECCOMP_RET_ALLOW)
    program += instruction(RETURN, SECCOMP_RET_ERRNO | error)
    buffer = ctypes.create_string_buffer(program, len(program))
    filter = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter, 0, 0):
        sys.exit(f"cannot make a sandbox: {os.strerror(ctypes.get_errno())}")
    os.execv(sys.argv[2], sys.argv[2:])


main()
