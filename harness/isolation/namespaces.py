"""The system calls behind namespaces, by ctypes: the standard library has unshare from Python 3.12 on only."""

from __future__ import annotations

import ctypes
import os
import signal
from enum import IntFlag
from pathlib import Path

from . import subids


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
_MNT_DETACH = 2


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
    """The same for an ordinary user, who becomes root in a user namespace of his own. Raises OSError.

    With subordinate ids, where he has them; else he is the only user in there.
    """
    uid, gid = os.geteuid(), os.getegid()
    if subids.reason():
        unshare(Namespace.USER)
        map_ids(uid, gid, inside=0)
    else:
        _unshare_with_subordinate_ids()
    unshare(namespaces)


def _unshare_with_subordinate_ids() -> None:
    """Another process has to write the map, from outside of the new user namespace."""
    us = os.getpid()
    entered, enter = os.pipe()
    worker = os.fork()
    if worker == 0:
        os.close(enter)
        os.read(entered, 1)
        try:
            subids.give(us)
        except OSError as error:
            os.write(2, f"danelab: {error}\n".encode())
            os._exit(1)
        os._exit(0)
    os.close(entered)
    try:
        unshare(Namespace.USER)
    finally:
        os.close(enter)
        _, status = os.waitpid(worker, 0)
    if status:
        raise OSError("the subordinate ids could not be used")
    os.setgid(0)
    os.setuid(0)


def map_ids(uid: int, gid: int, *, inside: int) -> None:
    """Let one outer uid and gid be `inside` in the user namespace just entered. Raises OSError."""
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{inside} {uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{inside} {gid} 1", encoding="ascii")


def will_have_one_id() -> bool:
    """Whether a lab that is raised from here, or that this is, knows one uid only."""
    return has_one_id() if os.geteuid() == 0 else bool(subids.reason())


def has_one_id() -> bool:
    """Whether this user namespace knows one uid only: an ordinary user's, without subordinate ids."""
    lines = Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[2]) for line in lines) == 1


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


def unmount(target: str) -> None:
    """umount2(2), at once for new users of it, later for those who still are in there. Raises OSError."""
    _checked(_libc().umount2(target.encode(), _MNT_DETACH), f"unmount {target}")


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
