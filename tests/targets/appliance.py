"""A stand-in for somebody's appliance: Postfix with a validating unbound of its own, on a network of its own.

`python -m tests.targets.appliance OUT ARGUMENT...`, in namespaces that it was started in: raises the appliance, then
runs `danelab run ARGUMENT... --out OUT`, which knows nothing of it but where it takes mail. The exit status is
danelab's.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from harness.isolation import links
from harness.isolation.jail import Jail
from harness.isolation.namespaces import SCRATCH
from harness.isolation.rootfs import Account, Root
from harness.lab.resolvers.files import RootFile, root_files
from harness.targets.definition import find
from harness.targets.packages import Bundle, prefix
from harness.targets.templates import fill
from harness.world.addresses import BENCHMARKING
from harness.world.internet import Internet

WIRE = links.Wire(number=0)
NAME = "appliance.sender.example"
UNBOUND = Bundle("resolver-unbound", ("unbound",))
CA_FILE = "/etc/ssl/certs/public.pem"
POSTFIX = Bundle("postfix", ("postfix",))
CONFIGURATION = """
server:
    interface: 127.0.0.1
    chroot: ""
    username: ""
    directory: "/run"
    pidfile: ""
    use-syslog: no
    do-ip6: no
    root-hints: "/etc/danelab/root.hints"
    trust-anchor-file: "/etc/danelab/root.key"
    do-not-query-localhost: no
    val-bogus-ttl: 0
    infra-host-ttl: 0
    cache-max-ttl: 0
    cache-max-negative-ttl: 0
    unknown-server-time-limit: 300
    infra-cache-max-rtt: 600
    val-max-restart: 1
remote-control:
    control-enable: no
"""
"""It keeps nothing: in a laboratory the world changes from one message to the next."""


async def main(out: str, arguments: list[str]) -> int:
    """Raise it, run danelab beside it."""
    links.loopback_up()
    links.make_local(*links.BLOCKS)
    definition, mode = find("postfix:dane")
    values = {"resolver": "127.0.0.1", "host_name": NAME, "ca_file": CA_FILE}
    values |= definition.modes[mode].variables
    files = {name: fill(text, values, where=name) for name, text in definition.files.items()}
    internet = Internet(seed="danelab", now=int(time.time()), plan=BENCHMARKING)
    files |= {f"/etc/danelab/{name}": root_files(internet)[name] for name in (RootFile.HINTS, RootFile.KEY)}
    files["/etc/unbound/unbound.conf"] = CONFIGURATION
    files[CA_FILE] = internet.around.webpki.certificate.public_bytes(Encoding.PEM).decode()
    scratch = SCRATCH / "appliance"
    scratch.mkdir()
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C"}
    async with Jail(wire=WIRE, scratch=scratch) as jail:
        accounts = [Account(name=name, uid=uid) for name, uid in definition.accounts.items()]
        accounts += [Account(name=name, uid=uid, group_only=True) for name, uid in definition.groups.items()]
        root = Root(
            at=scratch / "root",
            prefix=prefix(POSTFIX),
            libraries=(prefix(UNBOUND),),
            host_name=NAME,
            resolver="127.0.0.1",
            accounts=tuple(accounts),
        )
        await jail.build(root, files=files)
        done = await jail.run(["/bin/sh", "-ec", "\n".join(definition.prepare)], environment=environment)
        assert done.status == 0, done.output
        await jail.start(["unbound", "-d", "-c", "/etc/unbound/unbound.conf"], environment=environment)
        assert definition.service is not None
        done = await jail.run(list(definition.service.argv), environment=environment)
        assert done.status == 0, done.output
        command = (sys.executable, "-P", "-m", "harness.cli", "run", "-q", *arguments, "--out", out)
        run = await asyncio.create_subprocess_exec(*command)
        status = await run.wait()
        log = await jail.run(["cat", "/var/log/mail.log"], environment=environment)
        Path(out, "appliance.log").write_text(log.output, encoding="utf-8")
        return status


def fetched() -> tuple[Path, ...]:
    """What it is made of, fetched if need be. Raises Unavailable."""
    return (prefix(POSTFIX), prefix(UNBOUND))


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1], sys.argv[2:])))
