"""A private root for one target: a read-only /usr out of its packages and the machine's, everything else its own.

It lives on a tmpfs in the target's mount namespace, takes some 20 ms to make, and is gone with the namespace.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .namespaces import Mount, mount

_MERGED = ("bin", "sbin", "lib", "lib64")
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_OF_THE_MACHINE = ("ld.so.cache", "ld.so.conf", "services", "protocols", "host.conf", "gai.conf", "localtime")
_FOLDERS_OF_THE_MACHINE = ("ld.so.conf.d", "alternatives", "crypto-policies")

_PASSWD = (
    "root:x:0:0:root:/root:/bin/sh",
    "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin",
    "mail:x:8:8:mail:/var/mail:/usr/sbin/nologin",
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin",
)
_GROUP = ("root:x:0:", "daemon:x:1:", "mail:x:8:", "nogroup:x:65534:")
# trust-ad: glibc would otherwise take AD out of the answers of any resolver (resolv.conf(5)).
RESOLV_CONF = "nameserver {}\noptions edns0 trust-ad\n"
NSSWITCH = "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\nprotocols: files\n"


@dataclass(frozen=True, kw_only=True)
class Account:
    """A user that a package's installation would have made, with a group of its name."""

    name: str
    uid: int
    group_only: bool = False


@dataclass(frozen=True, kw_only=True)
class Root:
    """What the root is made of."""

    at: Path
    prefix: Path | None = None
    """Where the target's packages are unpacked; None: the machine's own programs only."""
    host_name: str
    resolver: str
    """Address of the resolver, without port: it is 53."""
    accounts: tuple[Account, ...] = ()
    hosts: Mapping[str, str] = field(default_factory=dict)
    """Further lines of /etc/hosts: address by name."""
    libraries: tuple[Path, ...] = ()
    """Further trees laid over /usr, topmost first."""

    def build(self) -> None:
        """Make it. Call in the mount namespace it is for. Raises OSError."""
        self.at.mkdir(parents=True, exist_ok=True)
        mount("tmpfs", str(self.at), "tmpfs", data="mode=755")
        for name in ("usr", "etc", "var", "proc", "dev", "sys", "tmp", "run", "root", "opt"):
            (self.at / name).mkdir()
        (self.at / "tmp").chmod(0o1777)
        for name in _MERGED:
            (self.at / name).symlink_to(f"usr/{name}")
        layers = [*(str(tree / "usr") for tree in self._trees()), "/usr"]
        if len(layers) == 1:
            # An overlay and no bind mount: what has no upper layer cannot be written to.
            (self.at / ".nothing").mkdir()
            layers.insert(0, str(self.at / ".nothing"))
        mount("overlay", str(self.at / "usr"), "overlay", data=f"lowerdir={':'.join(layers)}")
        self._etc()
        for name in ("lib", "spool", "log", "tmp", "mail", "cache", "backups"):
            (self.at / "var" / name).mkdir()
        (self.at / "var/run").symlink_to("../run")
        for tree in self._trees():
            for name in ("etc", "var"):
                if (tree / name).is_dir():
                    command = ["cp", "-r", "--no-preserve=ownership", f"{tree / name}/.", str(self.at / name)]
                    subprocess.run(command, check=True)
        mount("/proc", str(self.at / "proc"), None, flags=Mount.BIND | Mount.RECURSIVE)
        self._dev()

    def _trees(self) -> list[Path]:
        return [*([self.prefix] if self.prefix else []), *self.libraries]

    def write(self, name: str, text: str, *, mode: int = 0o644) -> None:
        """Write a file; `name` is absolute in the new root."""
        file = self.at / name.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(mode)

    def _etc(self) -> None:
        etc = self.at / "etc"
        for name in _OF_THE_MACHINE:
            if Path("/etc", name).is_file():
                shutil.copy(Path("/etc", name), etc / name)
        for name in _FOLDERS_OF_THE_MACHINE:
            if Path("/etc", name).is_dir():
                shutil.copytree(Path("/etc", name), etc / name, symlinks=True)
        (etc / "ssl/certs").mkdir(parents=True)
        if Path("/etc/ssl/openssl.cnf").is_file():
            shutil.copy("/etc/ssl/openssl.cnf", etc / "ssl/openssl.cnf")
        users = [
            f"{each.name}:x:{each.uid}:{each.uid}::/nonexistent:/usr/sbin/nologin"
            for each in self.accounts
            if not each.group_only
        ]
        self.write("/etc/passwd", "\n".join((*_PASSWD, *users, "")))
        self.write("/etc/group", "\n".join((*_GROUP, *(f"{each.name}:x:{each.uid}:" for each in self.accounts), "")))
        self.write("/etc/nsswitch.conf", NSSWITCH)
        short = self.host_name.partition(".")[0]
        lines = [f"127.0.0.1 localhost\n::1 localhost\n127.0.1.1 {self.host_name} {short}\n"]
        lines += [f"{address} {name}\n" for name, address in self.hosts.items()]
        self.write("/etc/hosts", "".join(lines))
        self.write("/etc/resolv.conf", RESOLV_CONF.format(self.resolver))
        self.write("/etc/hostname", short + "\n")
        self.write("/etc/mailname", self.host_name + "\n")
        self.write("/etc/aliases", "postmaster: root\n")

    def _dev(self) -> None:
        dev = self.at / "dev"
        for name in _DEVICES:
            (dev / name).touch()
            mount(f"/dev/{name}", str(dev / name), None, flags=Mount.BIND)
        (dev / "shm").mkdir()
        (dev / "shm").chmod(0o1777)
        for name, target in (("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1")):
            (dev / name).symlink_to(target)


def chroot(root: Path) -> None:
    """Make it the root of this process."""
    os.chroot(root)
    os.chdir("/")
