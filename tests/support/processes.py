"""Starting, awaiting and ending one server process, by its id."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.packages import Program

_POLL_SECONDS = 0.004
_GRACE_SECONDS = 3.0


class ServerFailed(Exception):  # noqa: N818 (what happened to the server)
    """A server ended, or did not begin to serve in time; the text carries the end of what it said."""


def free_port(address: str = "127.0.0.1", *, both: bool = True) -> int:
    """A port that is free on ``address`` now, for TCP and (with ``both``) for UDP alike."""
    while True:
        with socket.socket(type=socket.SOCK_STREAM) as stream, socket.socket(type=socket.SOCK_DGRAM) as datagram:
            stream.bind((address, 0))
            port = int(stream.getsockname()[1])
            if not both:
                return port
            try:
                datagram.bind((address, port))
            except OSError:
                continue
            return port


@dataclass(frozen=True)
class Server:
    """A running server process that this process started."""

    process: subprocess.Popen[bytes]
    log: Path
    """The file that receives its output."""

    @classmethod
    def start(cls, program: Program, *, arguments: Sequence[str], folder: Path) -> Server:
        """Run ``program`` in ``folder``; what it prints goes to a file there."""
        log = folder / f"{program.path.name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [str(program.path), *arguments],
                cwd=folder,
                env=program.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return cls(process, log)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def await_ready(self, ready: Callable[[], bool], *, seconds: float = 10.0) -> None:
        """Return as soon as ``ready()``; raises :class:`ServerFailed`, and ends the process, if that fails."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.process.poll() is not None:
                raise ServerFailed(f"{self._name} ended with status {self.process.returncode}: {self._said()}")
            if time.monotonic() > deadline:
                self.stop()
                raise ServerFailed(f"{self._name} did not serve within {seconds} s: {self._said()}")
            time.sleep(_POLL_SECONDS)

    def cpu_seconds(self) -> float:
        """Processor time used so far by it and all its living descendants (NSD serves from grandchildren)."""
        return sum(map(_cpu_seconds, _family(self.pid)))

    def stop(self) -> None:
        """End it: politely first, for good after 3 s."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()

    @property
    def _name(self) -> str:
        return str(self.process.args[0] if isinstance(self.process.args, list) else self.process.args)

    def _said(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return " | ".join(lines[-5:]) or "it said nothing"


def accepts_tcp(address: str, *, port: int) -> bool:
    """Whether a TCP connection is accepted right now."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((address, port)) == 0


def _family(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [pid, *(member for child in text.split() for member in _family(int(child)))]


def _cpu_seconds(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0.0
    # The name stands in parentheses and may itself hold blanks; times are the 14th and 15th field.
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
