"""A machine whose default route leads into a trap, and danelab run on it.

`python -m tests.run.trap FOLDER TARGET`: in namespaces of its own, tells as JSON how many packets fell into the trap
when one was sent there on purpose (`guard`), and how many during the run.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from harness.isolation import netlink
from harness.isolation.launch import enter, passed_environment

OUTSIDE = "192.0.2.99"
GATEWAY = "192.0.2.2"
_ALL_PROTOCOLS = 0x0003


def main(folder: str, target: str) -> None:
    """Inside."""
    netlink.switch_on("lo")
    netlink.add_pair("trap", "hole", process=os.getpid())
    netlink.add_address("trap", "192.0.2.1", 24)
    netlink.switch_on("trap")
    netlink.switch_on("hole")
    netlink.add_route("0.0.0.0/1", gateway=GATEWAY)
    netlink.add_route("128.0.0.0/1", gateway=GATEWAY)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL_PROTOCOLS)) as trap:
        trap.bind(("hole", 0))
        trap.setblocking(False)  # noqa: FBT003 (so its signature wants it)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(b"guard", (OUTSIDE, 53))
        # Nobody is there to answer: the kernel asks for the gateway three times, a second apart (arp(7)).
        time.sleep(4)
        guard = fallen(trap)
        words = [word for each in ("postfix:dane", "posttls-finger", target) for word in ("-t", each)]
        command = [sys.executable, "-P", "-m", "harness.cli", "run", "-q", *words, "--lab", "namespace"]
        patterns = ["ee-311", "ee-mismatch", "none-signed", "tlsa-servfail"]
        subprocess.run(
            [*command, *patterns, "--out", folder], env=passed_environment(), stdout=subprocess.DEVNULL, check=False
        )
        time.sleep(0.5)
        report = json.loads(Path(folder, "report.json").read_text(encoding="utf-8"))
        delivered = any(each["delivered"] for each in report["results"])
        print(json.dumps({"guard": guard, "run": fallen(trap), "delivered": delivered}))


def fallen(trap: socket.socket) -> int:
    """Packets that have come since the last time, but for what the kernel says by itself about IPv6 neighbours."""
    count = 0
    while True:
        try:
            packet = trap.recv(1 << 16)
        except BlockingIOError:
            return count
        count += packet[12:14] != b"\x86\xdd"


if __name__ == "__main__":
    if sys.argv[1] == "--inside":
        main(*sys.argv[2:])
    else:
        sys.exit(enter([sys.executable, "-P", "-m", "tests.run.trap", "--inside", *sys.argv[1:]]))
