"""A checker as a target: started in a cell of its own, pointed at a domain, judged on what it finds."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from harness.errors import HarnessError, UsageError
from harness.isolation.jail import Jail
from harness.isolation.links import Wire
from harness.isolation.namespaces import has_one_id
from harness.isolation.rootfs import Account, Root
from harness.journal import Opinion
from harness.scenario.models import Mode

from .base import STANDS_BACK, Kind, Network, Surroundings
from .checker_definition import CheckerDefinition, find_checker
from .checker_python import FOLDER, python_tree
from .checker_subject import Subject
from .packages import Bundle, Unavailable, prefix
from .templates import fill

CA_FILE = "/etc/ssl/certs/ca-certificates.crt"
_PATH = "/usr/lib/nagios/plugins:/usr/sbin:/usr/bin:/sbin:/bin"
_GRACE = 3.0


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What is laid over the machine's /usr for a checker, and bound into its root."""

    prefix: Path | None = None
    libraries: tuple[Path, ...] = ()
    binds: Mapping[str, str] = field(default_factory=dict)
    python: str = "/usr/bin/python3"
    """The Python that reads its packages."""


def fetched(definition: CheckerDefinition) -> Parts:
    """All that the checker is made of, out of the cache; fetched first if it is not there. Raises Unavailable."""
    packages = definition.packages
    folder = prefix(Bundle(packages[0], packages)) if packages else None
    if not definition.python:
        return Parts(prefix=folder)
    made = python_tree(definition.python, at_least=definition.python_at_least)
    python = made.interpreter
    return Parts(prefix=folder, libraries=(made.tree,), binds=python.binds, python=str(python.executable))


@dataclass(frozen=True, kw_only=True)
class CheckerPlace:
    """Where a checker runs."""

    wire: Wire
    scratch: Path
    """A folder for its mount point, its files and the output of its programs."""
    parts: Parts
    webpki: str
    """Certificate of the CA that is trusted publicly, in PEM."""
    trust_anchor: str
    """The root's DS record in master-file form."""
    root_hints: str
    """Name and address of the root's server in master-file form."""
    host_name: str
    port: int = 25
    """The port that mail hosts are reached at."""
    at_once: int = 100
    """How many checks may run at a time, whatever the definition says."""
    refused: tuple[str, ...] = ()
    """Addresses of mail hosts at which nothing listens."""


@dataclass(frozen=True, kw_only=True)
class Discovery:
    """What came of one check."""

    finding: Opinion
    text: str = ""
    """The checker's own words; why it was not started, where it was not."""
    output: str = ""
    """All that it said."""


class Checker:
    """A checker made from a definition. An async context manager."""

    keeps_answers = False
    repeats = False

    def __init__(self, definition: CheckerDefinition, place: CheckerPlace) -> None:
        self.name = definition.name
        self._definition = definition
        self._place = place
        self._jail = Jail(wire=place.wire, scratch=place.scratch, nice=STANDS_BACK, refused=place.refused)
        self._free = asyncio.Semaphore(min(definition.at_once, place.at_once))
        self._stack = contextlib.AsyncExitStack()

    def _filled(self, text: str) -> str:
        place = self._place
        values = {
            "resolver": place.wire.lab_ipv4,
            "host_name": place.host_name,
            "trust_anchor": place.trust_anchor,
            "root_hints": place.root_hints,
            "ca_file": CA_FILE,
            "python": place.parts.python,
        }
        return fill(text, values, where=self.name)

    async def __aenter__(self) -> Self:
        definition, place = self._definition, self._place
        place.scratch.mkdir(parents=True, exist_ok=True)
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(self._jail)
            files = {name: self._filled(text) for name, text in definition.files.items()}
            accounts = [Account(name=name, uid=uid) for name, uid in definition.accounts.items()]
            accounts += [Account(name=name, uid=uid, group_only=True) for name, uid in definition.groups.items()]
            root = Root(
                at=place.scratch / "root",
                prefix=place.parts.prefix,
                host_name=place.host_name,
                resolver=place.wire.lab_ipv4,
                accounts=tuple(accounts),
                libraries=(self._laid_over(files), *place.parts.libraries),
            )
            own = {name: text for name, text in files.items() if not name.startswith("/usr/")}
            await self._jail.build(root, files={CA_FILE: place.webpki, **own}, binds=place.parts.binds)
            # Postfix waits where its configuration was changed within the last seconds.
            await self._jail.run(["touch", "-d", "@1000000000", CA_FILE, *own])
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def _laid_over(self, files: Mapping[str, str]) -> Path:
        """A tree with the files that belong below /usr, which is read-only in the root."""
        tree = self._place.scratch / "over"
        (tree / "usr").mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            if name.startswith("/usr/"):
                file = tree / name.lstrip("/")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
                file.chmod(0o755)
        return tree

    async def check(self, subject: Subject) -> Discovery:
        """Let the checker look at a domain. The limit counts from when it is started."""
        definition = self._definition
        for ability, reason in subject.asks.items():
            if ability in definition.cannot:
                text = f"{reason}; declared: {definition.cannot[ability]}"
                return Discovery(finding=Opinion.UNSUPPORTED, text=text)
        values = {"{domain}": subject.domain, "{host}": subject.host, "{port}": str(self._place.port)}
        words = [_replaced(self._filled(word), values) for word in definition.argv]
        # What a script has started ends with it.
        argv = ["timeout", "--signal=KILL", f"{definition.limit:g}", *words]
        async with self._free:
            began = asyncio.get_running_loop().time()
            try:
                done = await self._jail.run(
                    argv,
                    environment=self._environment(),
                    limit=definition.limit + _GRACE,
                    # Some give up the rights of root, who for an ordinary user without subordinate ids is all there is.
                    fake_ids=has_one_id(),
                )
            except TimeoutError:
                return self._timed_out("")
            took = asyncio.get_running_loop().time() - began
        if done.status in (124, 137, -9) and took >= definition.limit:
            return self._timed_out(done.output)
        if done.status in (126, 127):
            raise HarnessError(f"{self.name}: {words[0]} cannot be run: {done.output.strip()}")
        finding, text = definition.finding(done.output, status=done.status)
        return Discovery(finding=finding, text=text, output=done.output)

    def _timed_out(self, output: str) -> Discovery:
        limit = self._definition.limit
        return Discovery(finding=Opinion.TIMED_OUT, text=f"no finding within {limit:g} s", output=output)

    def _environment(self) -> dict[str, str]:
        own = {name: self._filled(text) for name, text in self._definition.environment.items()}
        return {
            "PATH": _PATH,
            "LC_ALL": "C.UTF-8",
            "HOME": "/tmp",
            "PYTHONPATH": FOLDER,
            "PYTHONDONTWRITEBYTECODE": "1",
            **own,
        }


def _replaced(word: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        word = word.replace(name, value)
    return word


def checker_kind(name: str) -> Kind:
    """What the name of a checker means. Raises UsageError."""
    definition = find_checker(name)

    def make(around: Surroundings) -> Checker:
        assert around.wire is not None
        place = CheckerPlace(
            wire=around.wire,
            scratch=around.scratch,
            parts=fetched(definition),
            webpki=around.webpki,
            trust_anchor=around.trust_anchor,
            root_hints=around.root_hints,
            host_name=around.host_name,
            port=around.smtp_port,
            at_once=around.at_once,
            refused=around.refused,
        )
        return Checker(definition, place)

    def fetch() -> None:
        try:
            fetched(definition)
        except Unavailable as problem:
            raise UsageError(f"{name} cannot be had here: {problem.reason}; see: danelab doctor") from None

    return Kind(
        name=name,
        offers=frozenset(),
        make=make,
        networks=frozenset({Network.NAMESPACE}),
        mode=Mode.OPPORTUNISTIC,
        checks=True,
        fetch=fetch,
    )


__all__ = ["Checker", "CheckerPlace", "Discovery", "Parts", "checker_kind", "fetched"]
