"""Runs with real mail servers: side by side, whoever resolves, nothing left behind, nothing let out."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.commands.choices import prefix_of
from harness.errors import UsageError
from harness.isolation.launch import passed_environment, possible
from harness.lab.resolvers import ResolverSoftware
from harness.report.baseline import read as read_baseline
from harness.targets import named
from harness.targets.packages import Unavailable
from harness.verdict import Verdict
from tests.support.fixtures import available
from tests.targets.test_outside import CHANCE

from .danelab import ROOT, Done, environment, run
from .test_shown import descendants

pytestmark = [pytest.mark.namespace, pytest.mark.quiet]

SIX = ("postfix:dane", "postfix:dane-only", "exim:try", "exim:require", "sendmail:unaware", "opensmtpd")
KNOWN = ROOT / "docs/known"
Runs = Callable[..., Done]

OTHERWISE = {
    ResolverSoftware.UNBOUND: {},
    ResolverSoftware.BIND: {
        "nsec3-unknown-flags": "heeds NSEC3 records with unknown flags",
        "rrsig-labels-high": "takes an RRSIG that claims more labels than the name has",
        "data-empty": "turns a malformed answer into SERVFAIL, so that Postfix never sees it",
        "rdata-truncated": "turns a malformed answer into SERVFAIL",
        "ee-311": "as rrsig-labels-high was delivered, AUTH is not proved",
    },
    ResolverSoftware.KNOT: {
        "nsec3-unknown-flags": "heeds NSEC3 records with unknown flags",
        "nsec-no-wildcard-proof": "asks for no proof that no wildcard matches",
        "insecure-proof-forged-address": "fails at a cut that it takes for none",
        "insecure-proof-forged-tlsa": "its twin fails",
        "tlsa-insecure-subzone-match": "fails at an unsigned zone cut below a signed host name",
        "tlsa-insecure-subzone-mismatch": "fails at an unsigned zone cut below a signed host name",
    },
    ResolverSoftware.POWERDNS: {
        "nsec3-unknown-flags": "heeds NSEC3 records with unknown flags",
        "nsec3-unknown-hash": "takes NSEC3 of an unknown hash for insecure",
        "rdata-truncated": "turns a malformed answer into SERVFAIL",
    },
}
"""What resolvers themselves see otherwise, which is no matter of Postfix's: docs/deviations.md."""


def ready(*targets: str, resolver: ResolverSoftware = ResolverSoftware.SIMULATED) -> None:
    """Raises Unavailable where the machine cannot have what a run needs."""
    if reason := possible():
        raise Unavailable(f"this machine allows no network namespace: {reason}")
    try:
        for target in targets:
            named(target).fetch()
        prefix_of(resolver, fetch=True)
    except UsageError as error:
        raise Unavailable(str(error)) from None


@pytest.fixture(scope="module")
def postfix(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """A run of Postfix with all scenarios, with a resolver; made when it is first asked for."""
    done: dict[ResolverSoftware, Done] = {}

    def get(resolver: ResolverSoftware) -> Done:
        if resolver not in done:
            available(ready, "postfix:dane", resolver=resolver)
            out = tmp_path_factory.mktemp(resolver) / "out"
            done[resolver] = run("-q", "-t", "postfix:dane", "--resolver", resolver, out=out)
        return done[resolver]

    return get


def told(done: Done, *, but: frozenset[str] = frozenset(CHANCE)) -> dict[tuple[str, str], tuple[Verdict, str]]:
    """Verdict and outcome of each scenario, but for those where a sender may throw dice."""
    assert done.report.faults == (), done.stderr
    return {
        (each.target, each.scenario): (each.verdict, each.outcome) for each in done.results if each.scenario not in but
    }


def differing(one: Done, other: Done) -> dict[tuple[str, str], object]:
    """Where two runs do not come to the same."""
    first, second = told(one), told(other)
    return {key: (first[key], second[key]) for key in first.keys() & second.keys() if first[key] != second[key]}


@pytest.mark.parametrize(
    "resolver",
    [ResolverSoftware.UNBOUND, ResolverSoftware.BIND, ResolverSoftware.KNOT, ResolverSoftware.POWERDNS],
)
def test_the_verdicts_on_postfix_do_not_depend_on_who_resolves(resolver: ResolverSoftware, postfix: Runs) -> None:
    real = postfix(resolver)
    simulated = postfix(ResolverSoftware.SIMULATED)
    assert len(told(simulated)) > 400
    assert told(simulated).keys() <= told(real).keys()
    excused = {each.scenario for each in real.results if "the lab's resolver failed" in each.reason}
    assert len(excused) < 10
    known = {*OTHERWISE[resolver], *excused}
    unexplained = {key: both for key, both in differing(simulated, real).items() if key[1] not in known}
    reasons = {(each.target, each.scenario): each.reason for each in real.results}
    assert not unexplained, "\n".join(f"{key[1]}: {both}, {reasons[key]}" for key, both in unexplained.items())


@pytest.fixture(scope="module")
def six(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """A run of six targets with all scenarios."""
    available(ready, *SIX)
    words = [word for target in SIX for word in ("-t", target)]
    return run("-q", *words, "--resolver", "simulated", out=tmp_path_factory.mktemp("six") / "out")


def test_what_real_mail_servers_fail_is_what_is_known_of_them_and_no_more(six: Done) -> None:
    known = {(entry.target, entry.scenario) for file in KNOWN.glob("*.toml") for entry in read_baseline(file).entries}
    senders = {each.target for each in six.results} & {target for target, _ in known}
    assert len(senders) == 4
    told = [each for each in six.results if each.target in senders]
    failed = {(each.target, each.scenario): each.reason for each in told if each.verdict is Verdict.FAIL}
    ran = {(each.target, each.scenario) for each in told}
    assert {key: reason for key, reason in failed.items() if key not in known} == {}
    assert (known & ran) - failed.keys() == set()


def test_targets_side_by_side_get_the_verdicts_of_targets_alone(tmp_path: Path, postfix: Runs, six: Done) -> None:
    done = six
    assert {each.target for each in done.results} == {named(target).name for target in SIX}
    assert differing(postfix(ResolverSoftware.SIMULATED), done) == {}
    one, two = (run("-q", "-t", target, "--resolver", "simulated", out=tmp_path / target) for target in SIX[2:5:2])
    assert differing(one, done) == {}
    assert differing(two, done) == {}


def test_baselines_without_dane_deliver_whatever_a_sender_without_dane_has_to(tmp_path: Path) -> None:
    baselines = ("postfix:may", "exim:none", "sendmail:unaware", "opensmtpd", "dma")
    available(ready, *baselines)
    words = [word for target in baselines for word in ("-t", target)]
    done = run("-q", *words, "--resolver", "simulated", "--judge-as", "unaware", out=tmp_path)
    delivered = {each.scenario for each in done.results if each.delivered}
    withheld = {each.scenario for each in done.results if may_deliver(each.expected)} - delivered
    assert withheld == set()


def may_deliver(expected: str) -> bool:
    """Whether all of a sender without DANE is allowed to do is deliver."""
    return not any(word in expected for word in ("DEFER", "BOUNCE"))


def test_a_killed_run_with_six_targets_leaves_no_process_mount_namespace_or_file(tmp_path: Path) -> None:
    available(ready, *SIX)
    mounts = Path("/proc/self/mountinfo").read_text()
    before = {each.name for folder in (Path("/tmp"), Path("/dev/shm")) for each in folder.iterdir()}
    out = tmp_path / "out"
    words = [word for target in SIX for word in ("-t", target)]
    command = [sys.executable, "-m", "harness.cli", "run", "-q", *words, "--resolver", "simulated", "--out", str(out)]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: len(connected(out / "journal.ndjson")) == len(SIX), "all targets have connected", process)
        mine = spaces_of(process.pid)
        assert len(mine["net"]) >= 2 * len(SIX)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(20)
    until(lambda: not inhabited(mine), "its processes and namespaces are gone")
    assert Path("/proc/self/mountinfo").read_text() == mounts
    after = {each.name for folder in (Path("/tmp"), Path("/dev/shm")) for each in folder.iterdir()}
    assert not {name for name in after - before if name.startswith(("danelab", "postfix", "exim", "resolver"))}
    assert {each.name for each in out.iterdir()} == {"journal.ndjson"}


def connected(journal: Path) -> set[str]:
    """The targets that have got as far as a mail host."""
    found = set()
    with contextlib.suppress(OSError, ValueError):
        for line in journal.read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            if event["kind"] == "connected":
                found.add(event["target"])
    return found


def spaces_of(pid: int) -> dict[str, set[str]]:
    """The namespaces of all that a process has started, by kind, without our own."""
    found: dict[str, set[str]] = {kind: set() for kind in ("net", "mnt", "pid")}
    for one in [pid, *descendants(pid)]:
        for kind, seen in found.items():
            with contextlib.suppress(OSError):
                seen.add(space(one, kind))
    return {kind: seen - {space("self", kind)} for kind, seen in found.items()}


def space(process: int | str, kind: str) -> str:
    """The namespace of a process, as the kernel names it."""
    return str(Path(f"/proc/{process}/ns/{kind}").readlink())


def inhabited(spaces: dict[str, set[str]]) -> list[str]:
    """Processes that live in any of these namespaces."""
    found = []
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            with contextlib.suppress(OSError):
                found += [each.name for kind, seen in spaces.items() if space(each.name, kind) in seen]
    return found


def until(true: Callable[[], object], what: str, process: subprocess.Popen[bytes] | None = None) -> None:
    end = time.monotonic() + 90
    while not true():
        assert time.monotonic() < end, f"not in time: {what}"
        assert process is None or process.poll() is None, "the command has ended"
        time.sleep(0.05)


def test_not_one_packet_leaves(tmp_path: Path) -> None:
    available(ready, "postfix:dane", "posttls-finger")
    tries = 'for how in tcp/192.0.2.99/25 udp/192.0.2.99/53; do timeout 2 bash -c "echo >/dev/$how"; done; exit 75'
    stray = f"command:bash -c '{tries}' bash {{recipient}}"
    told = subprocess.run(
        [sys.executable, "-P", "-m", "tests.run.trap", str(tmp_path), stray],
        env=passed_environment(dict(os.environ)),
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    seen = json.loads(told.stdout.splitlines()[-1])
    assert seen["guard"] >= 1, "the trap sees nothing at all"
    assert seen["run"] == 0
    assert seen["delivered"] is True
