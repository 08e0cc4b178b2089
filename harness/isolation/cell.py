"""One target's namespaces, and the process in them that starts programs.

`python -m harness.isolation.cell PARENT` reads orders, one JSON object a line, and answers each with one line:

    {"order": "network", "wire": 3}                           loopback and the far end of the wire
    {"order": "root", "root": {...}, "files": {...}}          builds the private root
    {"order": "run", "id": "7", "argv": [...], ...}           starts a program, answers when it has ended
    {"order": "start", "id": "8", "argv": [...], ...}         starts a program, answers at once; its end is told later

It is process 1 of its process namespace: when it ends, or whoever holds its standard input does, all of it is gone.
Lines from /dev/log of the private root come as {"log": "..."}.
"""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import fakeid, links
from .namespaces import LAB, Mount, Namespace, die_with_parent, forget_outer_mounts, map_ids, mount, unshare
from .rootfs import Account, Root, chroot


class _Cell:
    def __init__(self, outer_pid: int) -> None:
        self._outer_pid = outer_pid
        self._root: Path | None = None
        self._running: dict[int, tuple[str, subprocess.Popen[bytes], Path | None]] = {}
        self._log: socket.socket | None = None

    def serve(self) -> None:
        """Until standard input ends."""
        _tell({"ready": self._outer_pid})
        held = b""
        while True:
            waiting: list[int] = [0, *([self._log.fileno()] if self._log else [])]
            ready, _, _ = select.select(waiting, [], [], 0.01 if self._running else 1.0)
            if 0 in ready:
                data = os.read(0, 1 << 16)
                if not data:
                    return
                *lines, held = (held + data).split(b"\n")
                for line in lines:
                    self._obey(json.loads(line))
            if self._log is not None and self._log.fileno() in ready:
                text = self._log.recv(1 << 16).decode("utf-8", "replace")
                _tell({"log": text.split(">", 1)[-1].strip()})
            self._reap()

    def _obey(self, order: dict[str, Any]) -> None:
        obey: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "network": self._network,
            "root": self._build,
            "start": self._start,
            "run": self._start,
            "signal": self._signal,
        }
        try:
            answer = obey[order["order"]](order)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        if order["order"] != "run" or "error" in answer:
            _tell({"id": order["id"], **answer})

    def _network(self, order: dict[str, Any]) -> dict[str, Any]:
        links.loopback_up()
        if order.get("wire") is not None:
            links.Wire(number=order["wire"]).attach()
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
        (root.at / "dev/log").chmod(0o666)
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

        output = Path(order["output"]) if order.get("output") else None
        sink: Any = output.open("wb") if output else subprocess.DEVNULL
        process = subprocess.Popen(
            order["argv"],
            stdin=subprocess.PIPE if order.get("input") is not None else subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env=order.get("environment"),
            preexec_fn=prepare,
            start_new_session=True,
        )
        if output:
            sink.close()
        if order.get("input") is not None and process.stdin is not None:
            process.stdin.write(order["input"].encode())
            process.stdin.close()
        self._running[process.pid] = (order["id"], process, output)
        return {"pid": process.pid}

    def _signal(self, order: dict[str, Any]) -> dict[str, Any]:
        os.kill(order["pid"], order["number"])
        return {}

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            known = self._running.pop(pid, None)
            if known is not None:
                known[1].returncode = os.waitstatus_to_exitcode(status)
                _tell({"id": known[0], "status": os.waitstatus_to_exitcode(status)})


def _tell(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Enter namespaces of its own and serve. The caller is root in its user namespace."""
    die_with_parent(int(sys.argv[1]))
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
