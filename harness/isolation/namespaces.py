"""The system calls behind namespaces, by ctypes: the standard library has unshare from Python 3.12 on only."""

from __future__ import annotations

import ctypes
import os
import signal
from enum import IntFlag
from pathlib import Path


class Namespace(IntFlag):
    """What unshare(2) can give a process of its own."""

    MOUNT = 0x00020000
    UTS = 0x04000000
    IPC = 0x08000000
    USER = 0x10000000
    PID = 0x20000000
    NETWORK = 0x40000000


LAB = Namespace.MOUNT | Namespace.UTS | Namespace.IPC | Namespace.PID | Namespace.NETWORK
"""What a lab, and each target in it, has to itself."""


SCRATCH = Path("/dev/shm")
"""In the lab's mount namespace: a place for files that are to be gone with it. Every Linux has this folder."""


class Mount(IntFlag):
    """Flags of mount(2)."""

    READ_ONLY = 1
    NO_SETUID = 2
    BIND = 4096
    RECURSIVE = 16384
    PRIVATE = 1 << 18


_PR_SET_PDEATHSIG = 1


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(namespaces: Namespace) -> None:
    """Leave the given namespaces for new ones (unshare(2)). Raises OSError."""
    _checked(_libc().unshare(int(namespaces)), f"unshare {namespaces!r}")


def unshare_as_user(namespaces: Namespace) -> None:
    """The same for an ordinary user, who becomes root in a user namespace of his own. Raises OSError."""
    uid, gid = os.geteuid(), os.getegid()
    unshare(Namespace.USER)
    map_ids(uid, gid, inside=0)
    unshare(namespaces)


def map_ids(uid: int, gid: int, *, inside: int) -> None:
    """Let one outer uid and gid be `inside` in the user namespace just entered. Raises OSError."""
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{inside} {uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{inside} {gid} 1", encoding="ascii")


def mount(source: str | None, target: str, kind: str | None, *, flags: Mount | int = 0, data: str = "") -> None:
    """mount(2). Raises OSError that names what was mounted where."""
    result = _libc().mount(
        source.encode() if source else None,
        target.encode(),
        kind.encode() if kind else None,
        ctypes.c_ulong(int(flags)),
        data.encode() if data else None,
    )
    _checked(result, f"mount {kind or source} on {target}")


def forget_outer_mounts() -> None:
    """Nothing mounted from here on is seen outside. Raises OSError."""
    mount(None, "/", None, flags=Mount.RECURSIVE | Mount.PRIVATE)


def die_with_parent(parent: int | None = None) -> None:
    """Be killed when the parent ends, however it ends (PR_SET_PDEATHSIG, prctl(2)).

    `parent` is the process id the parent had when this one was made; if it is gone already, this one ends at once.
    """
    _checked(_libc().prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0), "prctl")
    if parent is not None and os.getppid() != parent:
        os._exit(137)
