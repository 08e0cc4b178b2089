"""The beginning of a new scenario file."""

from __future__ import annotations

import os
import re
from pathlib import Path

from harness.errors import UsageError

from .load import Entry
from .models import Scenario
from .source import shown
from .suite import SCHEMA, Suite, own_scenarios

_ID = re.compile(str(next(part.pattern for part in Scenario.model_fields["id"].metadata if hasattr(part, "pattern"))))

_NEGATIVE = '''\
title = "What is wrong, in one line: the published digest belongs to another key"
# The rules at stake, by their ids in requirements.toml; the one that matters most first.
covers = ["7672-3.1.1-3"]
# The scenario that lacks this one's defect and is delivered.
twin = "{twin}"
importance = "major"
explain = """
What happens here, what a conforming sender does about it and why, in words that a student understands.
"""

# Only what differs from the healthy world. All keys: danelab schema
[[mx]]
tlsa = ["3 1 1 other-key"]

[expect]
opportunistic = "DEFER"
mandatory = "DEFER"
unaware = "OPP"
checker = "fail"
'''

_POSITIVE = '''\
title = "All is well: the published digest is that of the key shown"
# The rules at stake, by their ids in requirements.toml; the one that matters most first.
covers = ["7672-3.1.1-3"]
importance = "major"
explain = """
What happens here, what a conforming sender does about it and why, in words that a student understands.
"""

# Only what differs from the healthy world. All keys: danelab schema
[[mx]]
tlsa = ["3 1 1"]

[expect]
opportunistic = "AUTH"
mandatory = "AUTH"
unaware = "OPP"
checker = "pass"
'''


def scaffold(suite: Suite, *, name: str, folder: Path, like: Entry | None = None) -> Path:
    """Write `folder/name.toml`, a scenario that lints clean, and return its path.

    It is a copy of the file of `like` with a new title, or else a small negative scenario with a twin.
    Raises UsageError when the id cannot be used or the file is there already.
    """
    if not _ID.fullmatch(name):
        better = re.sub(r"[^a-z0-9]+", "-", name.removesuffix(".toml").lower()).strip("-")[:40].strip("-")
        raise UsageError(
            f"{name!r} is no id: use a-z, 0-9 and inner hyphens, at most 40 characters"
            + (f"; {better!r} would do" if better else "")
        )
    taken = next((entry for entry in suite if entry.id == name), None)
    if taken is not None:
        raise UsageError(f"the id {name!r} is that of {shown(taken.file)}; take another")
    file = folder / f"{name}.toml"
    text = _schema_line(folder) + (_copied(like, name) if like is not None else _fresh(suite))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as new:
            new.write(text)
    except FileExistsError:
        raise UsageError(f"{shown(file)} is there already and is not overwritten; take another id") from None
    except OSError as error:
        raise UsageError(f"{shown(file)} cannot be written: {error.strerror}; choose a place with --dir") from None
    return file


def _schema_line(folder: Path) -> str:
    """The line by which editors find the schema; none where that would be a path of this machine only."""
    if (folder.parent / SCHEMA).is_file() or folder.resolve().parent == own_scenarios():
        return f"#:schema ../{SCHEMA}\n"
    if folder.resolve().is_relative_to(own_scenarios().parent):
        return f"#:schema {os.path.relpath(own_scenarios() / SCHEMA, folder.resolve())}\n"
    return ""


def _fresh(suite: Suite) -> str:
    delivered = [
        entry.id
        for entry in suite
        if entry.scenario.expect.opportunistic.usual.is_delivery and entry.scenario.expect.mandatory.usual.is_delivery
    ]
    if not delivered:
        return _POSITIVE
    return _NEGATIVE.replace("{twin}", "ee-311" if "ee-311" in delivered else delivered[0])


def _copied(entry: Entry, name: str) -> str:
    """The file's text, with a title of its own and without the catalogue's slug, which is the model's."""
    text = re.sub(r"^#:schema .*\n", "", entry.source.text)
    text = re.sub(r"^catalogue\s*=.*\n", "", text, flags=re.MULTILINE)
    return re.sub(
        r"^title\s*=.*$",
        f'title = "{name}: what differs from {entry.source.file.stem}"',
        text,
        count=1,
        flags=re.MULTILINE,
    )
