"""What a machine can do for the lab: one finding for each thing, with the command that mends it."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import platform
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from harness.isolation import fakeid, subids
from harness.isolation.launch import command_inside, passed_environment, possible

_SECONDS = 30
_TESTS = {
    "overlay": (
        "import os; from harness.isolation.namespaces import SCRATCH, mount; "
        "at = SCRATCH / 'at'; at.mkdir(); over = SCRATCH / 'over'; over.mkdir(); "
        "mount('overlay', str(at), 'overlay', data=f'lowerdir={over}:/usr')"
    ),
    "veth": (
        "from harness.isolation.links import Wire, loopback_up, make_local; import os, subprocess; loopback_up(); "
        "make_local('198.18.0.0/15'); Wire(number=0).lay(os.getpid())"
    ),
    "ports": (
        "import socket; from harness.isolation.links import loopback_up; loopback_up(); "
        "held = [socket.create_server(('0.0.0.0', port)) for port in (25, 53)]"
    ),
    "ipv6": (
        "import socket; from harness.isolation.links import loopback_up, make_local; loopback_up(); "
        "make_local('2001:db8::/32'); held = socket.create_server(('::', 25), family=socket.AF_INET6); "
        "socket.create_connection(('2001:db8::1', 25), timeout=2)"
    ),
}


class Grade(StrEnum):
    """How good a finding is."""

    GOOD = "good"
    """Nothing is missing."""
    LIMITED = "limited"
    """The lab works, and something more would be possible."""
    MISSING = "missing"
    """Real mail servers cannot be run."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    what: str
    grade: Grade
    found: str
    remedy: str = ""
    """The one command that mends it."""


def examine() -> tuple[Finding, ...]:
    """Look at this machine; changes nothing."""
    python = f"{platform.python_version()} on {platform.system()}"
    found = [Finding(what="Python", grade=Grade.GOOD, found=python)]
    if not sys.platform.startswith("linux"):
        refused = "namespaces exist on Linux only; the built-in sender and checkers run on loopback"
        return (*found, Finding(what="namespaces", grade=Grade.MISSING, found=refused, remedy="use a Linux machine"))
    reason = possible()
    found.append(_namespaces(reason))
    if not reason:
        found += [
            _inside("overlay", what="overlay of /usr", remedy="run as root, or use Linux 5.11 or newer"),
            _inside("veth", what="wires (veth)", remedy="sudo modprobe veth"),
            _inside("ports", what="ports 25 and 53", remedy="run as root"),
            _inside("ipv6", what="IPv6", grade=Grade.LIMITED, remedy="sudo sysctl net.ipv6.conf.all.disable_ipv6=0"),
        ]
    if os.geteuid() != 0:
        found += [_subordinate_ids(), _fake_ids()]
    return (*found, _loopback_ports(), _apt(), _node(), _uvloop())


def _namespaces(reason: str) -> Finding:
    who = "root" if os.geteuid() == 0 else "an ordinary user"
    if not reason:
        return Finding(what="namespaces", grade=Grade.GOOD, found=f"network, mount and process namespaces, as {who}")
    return Finding(what="namespaces", grade=Grade.MISSING, found=reason, remedy=_namespace_remedy())


def _namespace_remedy() -> str:
    """Distributions switch user namespaces off in different ways."""
    if os.geteuid() == 0:
        return "give this container the right to unshare (docker run --privileged)"
    for name, wanted in (
        ("kernel.unprivileged_userns_clone", "1"),
        ("kernel.apparmor_restrict_unprivileged_userns", "0"),
        ("user.max_user_namespaces", "10000"),
    ):
        with contextlib.suppress(OSError):
            held = Path("/proc/sys", *name.split(".")).read_text(encoding="ascii").strip()
            if (held == "0") if wanted != "0" else (held != "0"):
                return f"sudo sysctl {name}={wanted}"
    return "run as root"


def _inside(test: str, *, what: str, remedy: str, grade: Grade = Grade.MISSING) -> Finding:
    done = subprocess.run(
        command_inside([sys.executable, "-P", "-c", _TESTS[test]]),
        env=passed_environment(),
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode == 0:
        return Finding(what=what, grade=Grade.GOOD, found="works")
    said = [line for line in done.stderr.splitlines() if line.strip()]
    return Finding(what=what, grade=grade, found=said[-1] if said else "does not work", remedy=remedy)


def _subordinate_ids() -> Finding:
    found, reason = subids.found(), subids.reason()
    if found is not None:
        return Finding(what="subordinate ids", grade=Grade.GOOD, found=f"{found.count} from {found.first}")
    return Finding(
        what="subordinate ids",
        grade=Grade.LIMITED,
        found=f"{reason}: targets that look at their uid again (Exim) cannot be run",
        remedy="sudo apt-get install uidmap" if "newuidmap" in reason else f"sudo usermod {subids.OPTIONS} $USER",
    )


def _fake_ids() -> Finding:
    if not fakeid.supported():
        return Finding(
            what="pretended ids (seccomp)",
            grade=Grade.LIMITED,
            found=f"not written for {platform.machine()}",
            remedy="run as root, or with subordinate ids",
        )
    code = "from harness.isolation import fakeid; import os; fakeid.install(); os.setgroups([1])"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], env=passed_environment(), capture_output=True, check=False, timeout=_SECONDS
    )
    if done.returncode == 0:
        return Finding(what="pretended ids (seccomp)", grade=Grade.GOOD, found="works")
    refused = "the kernel takes no filter"
    return Finding(what="pretended ids (seccomp)", grade=Grade.LIMITED, found=refused, remedy="run as root")


def _loopback_ports() -> Finding:
    with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", 0)):
        return Finding(what="loopback", grade=Grade.GOOD, found="free ports for the built-in sender and commands")
    return Finding(what="loopback", grade=Grade.MISSING, found="no port can be opened on 127.0.0.1")


def _apt() -> Finding:
    lacking = [name for name in ("apt-get", "apt-config", "dpkg-deb") if shutil.which(name) is None]
    if not lacking:
        return Finding(what="apt", grade=Grade.GOOD, found="packages can be fetched into the cache, without installing")
    return Finding(
        what="apt",
        grade=Grade.MISSING,
        found=f"this machine has no {' and no '.join(lacking)}: mail servers cannot be fetched",
        remedy="use Debian or a system made from it, or write definitions for what is installed",
    )


def _node() -> Finding:
    return _one_of(
        lambda: shutil.which("node") is not None and shutil.which("npm") is not None,
        what="Node.js and npm",
        good="Haraka, Nodemailer and mx-connect can be run",
        bad="not here: Haraka, Nodemailer and mx-connect cannot be run",
        remedy="sudo apt-get install nodejs npm",
    )


def _uvloop() -> Finding:
    return _one_of(
        lambda: importlib.util.find_spec("uvloop") is not None,
        what="uvloop",
        good="here",
        bad="not here: the lab is slower",
        remedy=f"{sys.executable} -m pip install uvloop",
    )


def _one_of(there: Callable[[], bool], *, what: str, good: str, bad: str, remedy: str) -> Finding:
    if there():
        return Finding(what=what, grade=Grade.GOOD, found=good)
    return Finding(what=what, grade=Grade.LIMITED, found=bad, remedy=remedy)
