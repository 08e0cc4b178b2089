"""A program in a private root, with nothing but a folder to work in: what builds a target from source.

`python -m harness.isolation.workshop TOOLS WORK COMMAND...`, in namespaces of its own (`launch`): /usr is the machine's
with the tools laid over it, /build is the folder.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from .namespaces import SCRATCH, Mount, mount
from .rootfs import Root, chroot

FOLDER = "/build"
"""The folder's name in there."""


def main() -> None:
    """Build the root, enter it, become the command."""
    tools, work, *command = sys.argv[1:]
    root = Root(at=SCRATCH / "root", prefix=Path(tools), host_name="build.invalid", resolver="127.0.0.1")
    root.build()
    place = root.at / FOLDER.lstrip("/")
    place.mkdir()
    mount(work, str(place), None, flags=Mount.BIND)
    chroot(root.at)
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": FOLDER, "LC_ALL": "C", "TMPDIR": "/tmp"}
    os.execvpe(command[0], command, environment)


if __name__ == "__main__":
    main()
