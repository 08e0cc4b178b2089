"""One target's namespaces, and the process in them that starts programs.

`python -m harness.isolation.cell PARENT NICE` reads orders, a JSON object with an "id" a line, and answers
each likewise:

    {"order": "network", "wire": 3}                           loopback and the far end of the wire
    {"order": "root", "root": {...}, "files": {...}}          builds the private root
    {"order": "names", "resolver": "203.0.113.0", ...}        who resolves for programs outside the root
    {"order": "start", "argv": [...], ...}                    starts a program, answers at once; its end is told later
    {"order": "sweep"}                                        ends every process in the cell, takes its root away
    {"order": "signal", "pid": 12, "number": 9}               sends a signal to a program, or to its process group

It is process 1 of its process namespace: when it ends, or whoever holds its standard input does, all of it is gone.
Lines from /dev/log of the private root come as {"log": "..."}, always before the end of the program that wrote them.
The end of a process that nobody started by an order (a daemon that went into the background) comes as
{"gone": PID, "status": ...}.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import fakeid, links
from .namespaces import LAB, Mount, Namespace, die_with_parent, forget_outer_mounts, map_ids, mount, unmount, unshare
from .rootfs import NSSWITCH, RESOLV_CONF, Account, Root, chroot


class _Cell:
    def __init__(self, outer_pid: int) -> None:
        self._outer_pid = outer_pid
        self._root: Path | None = None
        self._running: dict[int, tuple[str, subprocess.Popen[bytes]]] = {}
        self._log: socket.socket | None = None
        self._wakes, wake = os.pipe()
        for each in (self._wakes, wake):
            os.set_blocking(each, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)

    def serve(self) -> None:
        """Until standard input ends."""
        _tell({"ready": self._outer_pid})
        held = b""
        while True:
            waiting: list[int] = [0, self._wakes, *([self._log.fileno()] if self._log else [])]
            ready, _, _ = select.select(waiting, [], [])
            if self._wakes in ready:
                os.read(self._wakes, 1 << 16)
            if 0 in ready:
                data = os.read(0, 1 << 16)
                if not data:
                    return
                *lines, held = (held + data).split(b"\n")
                for line in lines:
                    self._obey(json.loads(line))
            self._reap()
            self._tell_log()

    def _tell_log(self) -> None:
        """Whatever has been written to /dev/log by now."""
        while self._log is not None:
            try:
                text = self._log.recv(1 << 16).decode("utf-8", "replace")
            except BlockingIOError:
                return
            _tell({"log": text.split(">", 1)[-1].strip()})

    def _obey(self, order: dict[str, Any]) -> None:
        obey: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "network": self._network,
            "root": self._build,
            "names": self._names,
            "start": self._start,
            "signal": self._signal,
            "sweep": self._sweep,
        }
        try:
            answer = obey[order["order"]](order)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        _tell({"id": order["id"], **answer})

    def _network(self, order: dict[str, Any]) -> dict[str, Any]:
        links.loopback_up()
        if order.get("wire") is not None:
            links.Wire(number=order["wire"]).attach()
        links.make_local(*order.get("refused", ()))
        return {}

    def _build(self, order: dict[str, Any]) -> dict[str, Any]:
        described = order["root"]
        root = Root(
            at=Path(described["at"]),
            prefix=Path(described["prefix"]) if described.get("prefix") else None,
            host_name=described["host_name"],
            resolver=described["resolver"],
            accounts=tuple(Account(**each) for each in described.get("accounts", ())),
            libraries=tuple(map(Path, described.get("libraries", ()))),
        )
        root.build()
        self._root = root.at
        for name, text in order.get("files", {}).items():
            root.write(name, text)
        for name, target in order.get("binds", {}).items():
            place = root.at / name.lstrip("/")
            place.mkdir(parents=True, exist_ok=True)
            mount(target, str(place), None, flags=Mount.BIND | Mount.RECURSIVE)
        self._log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._log.bind(str(root.at / "dev/log"))
        os.set_blocking(self._log.fileno(), False)
        self._log.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        (root.at / "dev/log").chmod(0o666)
        return {}

    def _names(self, order: dict[str, Any]) -> dict[str, Any]:
        for name, text in (("resolv.conf", RESOLV_CONF.format(order["resolver"])), ("nsswitch.conf", NSSWITCH)):
            mine = Path(order["scratch"], name)
            mine.write_text(text, encoding="ascii")
            mount(str(mine), str(Path("/etc", name).resolve()), None, flags=Mount.BIND)
        return {}

    def _start(self, order: dict[str, Any]) -> dict[str, Any]:
        root = self._root if order.get("inside", True) else None
        fake = order.get("fake_ids", False)
        user = order.get("user")

        def prepare() -> None:
            if user is not None:
                unshare(Namespace.USER)
                map_ids(0, 0, inside=user)
            if root is not None:
                chroot(root)
            if fake:
                fakeid.install()
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)

        with contextlib.ExitStack() as files:
            entry: Any = subprocess.DEVNULL
            if order.get("input") is not None:
                # A file and no pipe: a program that does not read its input must not hold up the others.
                entry = files.enter_context(tempfile.TemporaryFile(dir=order["scratch"]))
                entry.write(order["input"].encode())
                entry.seek(0)
            output: Any = subprocess.DEVNULL
            if order.get("output"):
                output = files.enter_context(Path(order["output"]).open("wb"))
            process = subprocess.Popen(
                order["argv"],
                stdin=entry,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=order.get("environment"),
                preexec_fn=prepare,
                start_new_session=True,
            )
        self._running[process.pid] = (order["id"], process)
        return {"pid": process.pid}

    def _signal(self, order: dict[str, Any]) -> dict[str, Any]:
        if order.get("group"):
            os.killpg(order["pid"], order["number"])
        else:
            os.kill(order["pid"], order["number"])
        return {}

    def _sweep(self, _: dict[str, Any]) -> dict[str, Any]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)  # all but process 1, which this is
        if self._root is not None:
            unmount(str(self._root))
            self._root = None
        if self._log is not None:
            self._log.close()
            self._log = None
        return {}

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._tell_log()
            code = os.waitstatus_to_exitcode(status)
            known = self._running.pop(pid, None)
            if known is None:
                _tell({"gone": pid, "status": code})
            else:
                known[1].returncode = code
                _tell({"id": known[0], "status": code})


def _tell(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Enter namespaces of its own and serve. The caller is root in its user namespace."""
    die_with_parent(int(sys.argv[1]))
    os.nice(int(sys.argv[2]))
    unshare(LAB)
    reading, writing = os.pipe()
    worker = os.fork()
    if worker:
        # Process 1 cannot know what number it has outside of its namespace.
        os.write(writing, str(worker).encode())
        os.waitpid(worker, 0)
        return
    outer_pid = int(os.read(reading, 20))
    die_with_parent()
    forget_outer_mounts()
    mount("proc", "/proc", "proc")
    _Cell(outer_pid).serve()
    os._exit(0)


if __name__ == "__main__":
    main()
