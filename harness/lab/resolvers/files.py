"""The lab's root hints and trust anchor as files, for products that validate by themselves."""

from __future__ import annotations

import base64
from enum import StrEnum
from pathlib import Path

from harness.world.internet import Internet

_TTL = 3600


class RootFile(StrEnum):
    """The files' names, by which products know them."""

    HINTS = "root.hints"
    """Name and address of the root's server: a master file, for any resolver."""
    DS = "root.ds"
    """The root's DS record: a master file; Knot Resolver's `trust_anchors.add_file`, ldns."""
    DNSKEY = "root.dnskey"
    """The root's DNSKEY record: a master file."""
    KEY = "root.key"
    """DNSKEY for unbound's `trust-anchor-file` and whatever is built on libunbound (`/usr/share/dns/root.key`)."""
    BIND = "bind.keys"
    """A `trust-anchors` clause, for BIND from 9.16 and delv."""
    POWERDNS = "recursor.lua"
    """PowerDNS Recursor's `lua-config-file`."""


def root_ds(internet: Internet) -> str:
    """The root's DS record, one line."""
    return f"{internet.trust_anchor()}\n"


def root_dnskey(internet: Internet) -> str:
    """The root's DNSKEY record that the DS speaks of, one line."""
    rdata = internet.root.entry_keys[0].rdata
    flags, protocol, algorithm = int.from_bytes(rdata[:2], "big"), rdata[2], rdata[3]
    return f". {_TTL} IN DNSKEY {flags} {protocol} {algorithm} {base64.b64encode(rdata[4:]).decode()}\n"


def root_files(internet: Internet) -> dict[RootFile, str]:
    """Every file's text."""
    _, _, _, tag, algorithm, digest_type, digest = internet.trust_anchor().split()
    return {
        RootFile.HINTS: internet.root_hints(),
        RootFile.DS: root_ds(internet),
        RootFile.DNSKEY: root_dnskey(internet),
        RootFile.KEY: root_dnskey(internet),
        RootFile.BIND: f'trust-anchors {{\n    . static-ds {tag} {algorithm} {digest_type} "{digest}";\n}};\n',
        RootFile.POWERDNS: f"clearTA()\naddTA('.', \"{tag} {algorithm} {digest_type} {digest}\")\n",
    }


def write_root_files(internet: Internet, folder: Path) -> dict[RootFile, Path]:
    """Write them all into a folder, which is made if need be; where each of them is. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    written: dict[RootFile, Path] = {}
    for name, text in root_files(internet).items():
        written[name] = folder / name
        written[name].write_text(text, encoding="ascii")
    return written
