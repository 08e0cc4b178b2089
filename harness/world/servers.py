"""The mail servers of a world, with everything filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.scenario.mailhosts import SPOKEN, Smtp
from harness.scenario.source import KeyPath

from .model import MailServer

if TYPE_CHECKING:
    from .build import World


def addresses_by_server(world: World) -> dict[str, tuple[str, list[str]]]:
    """For each server at any address: the first host it stands for, and its addresses."""
    found: dict[str, tuple[str, list[str]]] = {}
    for key, host in world.hosts.items():
        for ipv6, entries in ((False, host.ipv4), (True, host.ipv6)):
            for entry, address in zip(entries, world.host_addresses(key, ipv6=ipv6), strict=True):
                _, addresses = found.setdefault(entry or key, (key, []))
                if address not in addresses:
                    addresses.append(address)
    return found


def mail_server(world: World, key: str, host: str, addresses: tuple[str, ...]) -> MailServer:
    """The server of this name, which stands for that host."""
    spec = world.server_spec(key)
    name = world.host_name(host)[:-1]
    return MailServer(
        scenario=world.scenario.id,
        key=key,
        host=name,
        role=spec.role,
        tcp=spec.tcp,
        smtp=_filled(world, spec.smtp, name, (*world.path_of(key), "smtp")),
        tls=spec.tls,
        addresses=addresses,
        credentials=lambda sni: world.credentials(key, sni),
        proxy_to=spec.proxy_to,
    )


def _filled(world: World, smtp: Smtp, host: str, path: KeyPath) -> Smtp:
    """What the client is told, with its placeholders replaced, `{host}` among them."""

    def said(text: str, key: str) -> str:
        return world.expand(text.replace("{host}", host), at=(*path, key))

    filled: dict[str, str | tuple[str, ...]] = {}
    for key in SPOKEN:
        value: str | tuple[str, ...] | None = getattr(smtp, key)
        if value is not None:
            filled[key] = said(value, key) if isinstance(value, str) else tuple(said(line, key) for line in value)
    return smtp.model_copy(update=filled)
