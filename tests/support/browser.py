"""Chromium for tests and benchmarks that look at HTML: the machine's own, else one unpacked from Debian's packages.

The unpacked one brings its own letters, so that text is as wide on one machine as on another. It looks nothing up and
connects nowhere.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from unittest.mock import patch
from xml.sax.saxutils import escape

from tests.support.packages import Bundle, Program, Unavailable, prefix, program

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_OPTIONS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",  # containers have little of it
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--no-first-run",
    "--no-sandbox",  # there is none as root, nor in many containers; the pages are ours
)
_LETTERS = {"sans-serif": "DejaVu Sans", "system-ui": "DejaVu Sans", "monospace": "DejaVu Sans Mono"}


@dataclass(frozen=True)
class Chromium:
    """A browser that can be started on this machine."""

    program: Program
    fonts: Path | None = None
    """The folder of the fonts it is to use; None: those of the machine."""

    @contextmanager
    def started(self) -> Iterator[Browser]:
        """The running browser, without a window. Raises playwright's Error where it does not start."""
        from playwright.sync_api import sync_playwright

        environment = self.program.environment()
        with ExitStack() as stack:
            scratch = Path(stack.enter_context(TemporaryDirectory(prefix="danelab-browser-")))
            if self.fonts is not None:
                environment["FONTCONFIG_FILE"] = str(_configured(self.fonts, scratch))
            with patch.dict(os.environ, environment):  # playwright's own program gets no other
                driver = stack.enter_context(sync_playwright())
            running = driver.chromium.launch(
                executable_path=self.program.path,
                args=_OPTIONS,
                env={**environment},
            )
            stack.callback(running.close)
            yield running


def chromium() -> Chromium:
    """The machine's own chromium, else the unpacked one, which is fetched if need be. Raises Unavailable."""
    try:
        import playwright
    except ImportError:
        raise Unavailable("playwright, which drives chromium, is not installed; make installs it") from None
    if installed := shutil.which("chromium"):
        found = Chromium(Program(Path(installed)))
    else:
        unpacked = program("lib/chromium/chromium-headless-shell", bundle=Bundle.BROWSER)
        found = Chromium(unpacked, prefix(Bundle.BROWSER) / "usr" / "share" / "fonts")
    driver = Program(Path(playwright.__file__).parent / "driver" / "node", found.program.libraries)
    if missing := driver.missing_libraries():
        raise Unavailable(f"playwright, which drives chromium, lacks the libraries {', '.join(missing)}")
    return found


def _configured(fonts: Path, scratch: Path) -> Path:
    """A configuration for fontconfig that knows these fonts and no others."""
    aliases = (
        f"<alias binding='same'><family>{family}</family><prefer><family>{name}</family></prefer></alias>"
        for family, name in _LETTERS.items()
    )
    file = scratch / "fonts.conf"
    places = f"<dir>{escape(str(fonts))}</dir><cachedir>{escape(str(scratch / 'fonts'))}</cachedir>"
    file.write_text(f"<?xml version='1.0'?>\n<fontconfig>{places}{''.join(aliases)}</fontconfig>\n", encoding="utf-8")
    return file
