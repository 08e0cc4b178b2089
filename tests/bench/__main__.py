"""`python -m tests.bench [--quick] [--json FILE] [SECTION ...]`: measure and print ratios. Slowness is no failure."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.bench import answers, pages, reports, servers, sessions, signatures, whole, worlds
from tests.bench.measure import FULL, QUICK, Effort, Noise
from tests.bench.rows import Row, as_json, table

SECTIONS: dict[str, Callable[[Effort], Iterator[Row]]] = {
    "dns": answers.measure,
    "mail": sessions.measure,
    "worlds": worlds.measure,
    "signing": signatures.measure,
    "run": whole.measure,
    "servers": servers.measure,
    "report": pages.measure,
    "reports": reports.measure,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the sections asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short look; the numbers are rough")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there too")
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"only these: {', '.join(SECTIONS)}")
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.sections) - set(SECTIONS):
        parser.error(f"no section is called {', '.join(sorted(unknown))}: there are {', '.join(SECTIONS)}")
    effort = QUICK if chosen.quick else FULL
    noise, began = Noise(), time.monotonic()
    rows: list[Row] = []
    for name in chosen.sections or SECTIONS:
        print(f"measuring: {name}", file=sys.stderr, flush=True)
        rows += SECTIONS[name](effort)
    print(table(rows))
    others = noise.share
    noisy = "" if others is None else f"; others used {others:.0%} of the machine meanwhile"
    print(
        f"\nratio: ours / theirs, median of {effort.rounds} rounds in turns ({effort.runs} for the whole run); "
        f"spread: (highest - lowest) / median.\n"
        f"{os.cpu_count()} cores, Python {platform.python_version()}, {time.monotonic() - began:.0f} s{noisy}."
    )
    if chosen.json is not None:
        facts = {"version": 1, "quick": chosen.quick, "cores": os.cpu_count(), "others": others}
        chosen.json.write_text(as_json(rows, **facts), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
