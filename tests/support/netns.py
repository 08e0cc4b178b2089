"""Run a test body in a network of its own: any address of 198.18.0.0/15 is ours there, port 53 and 25 too.

``run(body, *arguments)`` starts a child process in fresh user, network and process namespaces (as root: no
user namespace), calls the module-level function ``body`` there, and gives back what it returns. Arguments
and result travel pickled. When the body ends, fails or is given up on, all processes it started are gone.

The child is of the same interpreter and the same ``sys.path``; ``/proc`` is still the machine's, so process
ids read from there are not those of the namespace. Nothing can leave the namespace, not even by mistake.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import inspect
import ipaddress
import json
import os
import pickle
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from tests.support.packages import Unavailable

T = TypeVar("T")

BLOCK = "198.18.0.0/15"
"""The addresses that are local in the namespace (RFC 2544), besides loopback."""

_NEWUSER, _NEWPID, _NEWNET = 0x10000000, 0x20000000, 0x40000000
_PR_SET_PDEATHSIG = 1


class BodyFailed(AssertionError):  # noqa: N818 (what happened to the body)
    """The body raised; the text is its traceback."""


def run(body: Callable[..., T] | Callable[..., Coroutine[Any, Any, T]], *arguments: object, seconds: float = 60.0) -> T:
    """Call ``body(*arguments)``, or run it as a coroutine, in a namespace; its result.

    ``body`` must be a function at the top of an importable module. Raises :class:`BodyFailed`, or
    :class:`~tests.support.packages.Unavailable` where the machine allows no namespaces, or when the body
    raises that itself; TimeoutError after ``seconds``.
    """
    if not sys.platform.startswith("linux"):
        raise Unavailable(f"network namespaces exist on Linux only, and this is {sys.platform}")
    module = inspect.getmodule(body)
    if module is None or body.__qualname__ != body.__name__:
        raise TypeError(f"{body!r} is not a function at the top of a module")
    name, file = module.__name__, str(Path(inspect.getfile(body)).resolve())
    order = pickle.dumps((sys.path, name, file, body.__name__, pickle.dumps(arguments)))
    # A file and not a pipe: nobody reads while the child writes, and results can be large.
    with tempfile.TemporaryFile() as results:
        child = subprocess.Popen(
            [sys.executable, "-c", _BOOT, json.dumps(sys.path), str(results.fileno())],
            stdin=subprocess.PIPE,
            pass_fds=(results.fileno(),),
        )
        try:
            child.communicate(order, timeout=seconds)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{body.__qualname__} was not done within {seconds} s") from None
        finally:
            child.kill()
            child.wait()
        results.seek(0)
        told = results.read()
    if not told:
        raise BodyFailed(f"the process of {body.__qualname__} ended with status {child.returncode} and no result")
    kind, value = pickle.loads(told)
    if kind == "unavailable":
        raise Unavailable(value)
    if kind == "failed":
        raise BodyFailed(value)
    result: T = value
    return result


_BOOT = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from tests.support import netns; netns.main()"


def main() -> None:
    """The child: enter the namespaces, then let a grandchild, the first process in there, run the body."""
    _die_with_parent()
    output = int(sys.argv[2])
    order = sys.stdin.buffer.read()
    try:
        _enter()
    except OSError as problem:
        _tell(output, ("unavailable", f"this machine allows no network namespace: {problem}"))
        return
    lives, held = os.pipe()
    worker = os.fork()  # this process has one thread only
    if worker == 0:
        os.close(held)
        _die_with_parent()
        if select.select([lives], [], [], 0)[0]:  # it died before the request took effect
            os._exit(1)
        _tell(output, _perform(order))
        os._exit(0)
    os.waitpid(worker, 0)


def _enter() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.geteuid(), os.getegid()

    def unshare(flags: int) -> None:
        if libc.unshare(flags):
            number = ctypes.get_errno()
            raise OSError(number, f"unshare: {os.strerror(number)}")

    try:
        unshare(_NEWNET | _NEWPID)
    except PermissionError:
        unshare(_NEWUSER | _NEWNET | _NEWPID)
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1", encoding="ascii")
    _bring_up_loopback()
    _make_local(BLOCK)


def _bring_up_loopback() -> None:
    get_flags, set_flags, up = 0x8913, 0x8914, 0x1
    with socket.socket(type=socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sH14x", b"lo", 0)
        (flags,) = struct.unpack("16xH14x", fcntl.ioctl(handle, get_flags, request))
        fcntl.ioctl(handle, set_flags, struct.pack("16sH14x", b"lo", flags | up))


def _make_local(block: str) -> None:
    """What `ip route add local BLOCK dev lo` does, by netlink: every address of the block is ours."""
    network = ipaddress.ip_network(block)
    new_route, request_ack_create, table_local, scope_host, kind_local = 24, 0x0405, 255, 254, 2
    family = socket.AF_INET if network.version == 4 else socket.AF_INET6
    static = 4
    body = struct.pack("=8BI", family, network.prefixlen, 0, 0, table_local, static, scope_host, kind_local, 0)
    destination, interface = 1, 4
    address = network.network_address.packed
    body += struct.pack("=HH", 4 + len(address), destination) + address
    body += struct.pack("=HHI", 8, interface, socket.if_nametoindex("lo"))
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as netlink:
        netlink.send(struct.pack("=IHHII", 16 + len(body), new_route, request_ack_create, 1, 0) + body)
        (error,) = struct.unpack_from("=i", netlink.recv(4096), 16)
    if error:
        raise OSError(-error, f"local route to {block}: {os.strerror(-error)}")


def _die_with_parent() -> None:
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _perform(order: bytes) -> tuple[str, object]:
    try:
        path, name, file, function, packed = pickle.loads(order)
        sys.path[:] = path
        value = getattr(_module(name, file=file), function)(*pickle.loads(packed))
        if inspect.iscoroutine(value):
            value = asyncio.run(value)
    except Unavailable as problem:
        return "unavailable", problem.reason
    except BaseException:
        return "failed", traceback.format_exc()
    return "done", value


def _module(name: str, *, file: str) -> Any:
    """The module of the body. pytest may have given it a name that no import finds, hence the file."""
    import importlib.util

    try:
        found = importlib.import_module(name)
    except ModuleNotFoundError:
        found = None
    if found is not None and str(Path(found.__file__ or "").resolve()) == file:
        return found
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"{name} cannot be loaded from {file}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _tell(output: int, message: tuple[str, object]) -> None:
    try:
        told = pickle.dumps(message)
    except Exception:
        told = pickle.dumps(("failed", f"the result cannot be sent back:\n{traceback.format_exc()}"))
    with open(output, "wb") as results:
        results.write(told)
