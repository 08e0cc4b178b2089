"""Every packet of a network that a lab has to itself, with the TLS keys of its servers, in one pcapng file.

`python -m harness.lab.capture PARENT FILE` is the process that reads packets, one of its own so that none is late. It
says `ready`, goes on until its input ends, and says how many packets it wrote and how many the kernel lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import select
import shutil
import socket
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Self

from harness.errors import HarnessError
from harness.isolation.launch import passed_environment
from harness.isolation.namespaces import die_with_parent

from . import pcapng

_EVERY_PROTOCOL = 0x0003
_OUTGOING = 4
_LONGEST = 1 << 18
_BUFFER = 1 << 26
_TIMESTAMP_NS = 35
_FORCED_BUFFER = 33
_SOL_PACKET, _STATISTICS = 263, 6
_PATIENCE = 10.0
_OPEN_FILES = 8192


class Capture:
    """Keeps the packets of this process's network while it is entered; an async context manager.

    For a network of one's own only, on which nobody else's packets can be. Raises HarnessError where no packets can be
    had there.
    """

    def __init__(self, file: Path, *, keys: Path, tell: Callable[[str], None] = lambda _: None) -> None:
        """`keys` is the file that the servers log their TLS keys to; `tell` is called when packets were lost."""
        self._file = file
        self._keys = keys
        self._tell = tell

    async def __aenter__(self) -> Self:
        self._keys.write_bytes(b"")
        _allow_open_files()
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "harness.lab.capture", str(os.getpid()), str(self._file)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=passed_environment(),
            start_new_session=True,
        )
        assert self._process.stdout is not None
        if await self._process.stdout.readline() != b"ready\n":
            _, said = await self._process.communicate(b"")
            reason = said.decode(errors="replace").strip().splitlines()
            raise HarnessError(f"no packets can be captured: {reason[-1] if reason else 'the capture ended'}")
        return self

    async def __aexit__(self, *_failure: object) -> None:
        try:
            told, _ = await asyncio.wait_for(self._process.communicate(b""), _PATIENCE)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
            raise HarnessError(f"the capture {self._file} did not come to an end") from None
        if self._process.returncode:
            raise HarnessError(f"the capture {self._file} broke off")
        lost = int(told.split()[1])
        if lost:
            self._tell(f"{self._file} lacks {lost} packets, which came faster than they could be read")
        put_keys(self._file, self._keys.read_bytes())


def _allow_open_files() -> None:
    """Every TLS context of a server holds the key log open by itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY:
        most = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


def put_keys(file: Path, keys: bytes) -> None:
    """Put TLS keys, in the format of NSS key logs, into a capture, in front of all its packets."""
    if not keys:
        return
    whole = file.with_name(file.name + ".whole")
    begin = pcapng.section()
    with file.open("rb") as packets, whole.open("wb") as made:
        packets.seek(len(begin))
        made.write(begin + pcapng.secrets(keys))
        shutil.copyfileobj(packets, made)
    whole.replace(file)


def _main() -> None:
    parent, file = sys.argv[1:]
    die_with_parent(int(parent))
    try:
        packets = _listen()
        made = Path(file).open("wb")  # noqa: SIM115 (closed below)
    except OSError as error:
        sys.exit(f"{error.filename or 'AF_PACKET'}: {error.strerror}")
    with packets, made:
        made.write(pcapng.section())
        print("ready", flush=True)
        written = _write(packets, made)
        _, lost = struct.unpack("II", packets.getsockopt(_SOL_PACKET, _STATISTICS, 8))
    print(written, lost)


def _listen() -> socket.socket:
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_EVERY_PROTOCOL))
    packets.settimeout(0)
    packets.setsockopt(socket.SOL_SOCKET, _TIMESTAMP_NS, 1)
    packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    with contextlib.suppress(OSError):
        # More than the machine's limit, for whoever may.
        packets.setsockopt(socket.SOL_SOCKET, _FORCED_BUFFER, _BUFFER)
    return packets


def _write(packets: socket.socket, file: IO[bytes]) -> int:
    """Until standard input ends and all that came before is written; how many packets there were."""
    numbers: dict[str, int] = {}
    written = 0
    ending = False
    while True:
        waiting = [packets.fileno(), *([] if ending else [0])]
        ready, _, _ = select.select(waiting, [], [], 0 if ending else None)
        if waiting[0] in ready:
            written += _write_one(packets, file, numbers)
        elif ending:
            return written
        elif not os.read(0, 1):
            ending = True


def _write_one(packets: socket.socket, file: IO[bytes], numbers: dict[str, int]) -> bool:
    data, extra, _, (name, _, direction, *_) = packets.recvmsg(_LONGEST, 64)
    if name == "lo" and direction == _OUTGOING:
        # It comes once more, as an incoming one.
        return False
    if name not in numbers:
        numbers[name] = len(numbers)
        file.write(pcapng.interface(name))
    seconds, nanoseconds = struct.unpack("ll", extra[0][2])
    file.write(pcapng.packet(data, interface=numbers[name], at=seconds * 10**9 + nanoseconds))
    return True


if __name__ == "__main__":
    _main()
