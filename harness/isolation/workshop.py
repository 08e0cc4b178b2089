"""A program in a private root, with nothing but a folder to work in: what builds a target from source.

`python -m harness.isolation.workshop TOOLS WORK COMMAND...`, in namespaces of its own (`launch`): /usr is the machine's
with the tools laid over it, /work is the folder.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from .namespaces import SCRATCH, Mount, mount
from .rootfs import Root, chroot


def main() -> None:
    """Build the root, enter it, become the command."""
    tools, work, *command = sys.argv[1:]
    root = Root(at=SCRATCH / "root", prefix=Path(tools), host_name="build.invalid", resolver="127.0.0.1")
    root.build()
    (root.at / "work").mkdir()
    mount(work, str(root.at / "work"), None, flags=Mount.BIND)
    chroot(root.at)
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/work", "LC_ALL": "C", "TMPDIR": "/tmp"}
    os.execvpe(command[0], command, environment)


if __name__ == "__main__":
    main()
