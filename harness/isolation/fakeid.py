"""Changes of uid, gid and owner that succeed and change nothing: for MTAs where only one uid is mapped.

A seccomp filter, inherited by everything started afterwards, answers these system calls with success. It needs no
privilege, nothing installed, and holds for static binaries too.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct

_CALLS = {
    "x86_64": (
        0xC000003E,
        # chown fchown lchown fchownat setuid setgid setreuid setregid setgroups setresuid setresgid setfsuid setfsgid
        (92, 93, 94, 260, 105, 106, 113, 114, 116, 117, 119, 122, 123),
    ),
    "aarch64": (
        0xC00000B7,
        # fchown fchownat setgid setreuid setregid setuid setresuid setresgid setfsuid setfsgid setgroups
        (55, 54, 144, 145, 143, 146, 147, 149, 151, 152, 159),
    ),
}
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _SUCCEED = 0x7FFF0000, 0x00050000
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2


def supported() -> bool:
    """Whether the filter is written for this machine's processor."""
    return platform.machine() in _CALLS


def install() -> None:
    """From now on, in this process and all it starts. Raises OSError where the kernel refuses."""
    architecture, calls = _CALLS[platform.machine()]
    program = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _ALLOW), (_LOAD, 0, 0, 0)]
    for call in calls:
        program += [(_EQUAL, 0, 1, call), (_RETURN, 0, 0, _SUCCEED)]
    program.append((_RETURN, 0, 0, _ALLOW))
    packed = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    header = struct.pack("HxxxxxxP", len(program), ctypes.addressof(packed))
    held = ctypes.create_string_buffer(header)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, held, 0, 0):
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: {os.strerror(number)}")
