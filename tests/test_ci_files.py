"""What is offered for CI services: read as they read it, and each step run in a shell as they run it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
ACTION = ROOT / "action.yml"
GITLAB = ROOT / "docs" / "ci" / "gitlab.yml"
RESULTS = {"journal.ndjson", "report.json", "junit.xml", "summary.md", "danelab.sarif", "badge.svg"}


def environment(bin_folder: Path, **more: str) -> dict[str, str]:
    """One in which `danelab` is this checkout's, as if it had been installed."""
    bin_folder.mkdir(exist_ok=True)
    command = bin_folder / "danelab"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m harness.cli "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{bin_folder}:{os.environ['PATH']}", **more}


def shell(script: str, *, cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, timeout=60, check=False)


def action() -> dict[str, Any]:
    return dict(yaml.safe_load(ACTION.read_text(encoding="utf-8")))


class Runner:
    """As much of GitHub's runner as a composite action needs: inputs, outputs of steps, `if`, files to write to."""

    def __init__(self, place: Path, /, **inputs: str) -> None:
        known = action()["inputs"]
        assert set(inputs) <= set(known)
        self.folder = place
        self.inputs = {name: inputs.get(name, each["default"]) for name, each in known.items()}
        self.outputs: dict[str, dict[str, str]] = {}
        self.summary = place / "summary"
        self.stdout = ""

    def run(self) -> bool:
        """Whether all steps but the installation succeeded."""
        good = True
        for step in action()["runs"]["steps"]:
            assert step["shell"] == "bash"
            if step["id"] == "install" or not (good or step.get("if") == "always()"):
                continue
            output = self.folder / f"output-{step['id']}"
            output.touch()
            env = environment(
                self.folder / "bin",
                GITHUB_ACTIONS="true",
                GITHUB_OUTPUT=str(output),
                GITHUB_STEP_SUMMARY=str(self.summary),
                **{name: self.expanded(str(value)) for name, value in step.get("env", {}).items()},
            )
            done = shell(step["run"], cwd=self.folder, env=env)
            self.stdout += done.stdout + done.stderr
            lines = output.read_text(encoding="utf-8").splitlines()
            self.outputs[step["id"]] = dict(line.split("=", 1) for line in lines)
            good = good and done.returncode == 0
        return good

    def expanded(self, text: str) -> str:
        def value(found: re.Match[str]) -> str:
            match found[1].split("."):
                case ["inputs", name]:
                    return str(self.inputs[name])
                case ["steps", step, "outputs", name]:
                    return self.outputs.get(step, {}).get(name, "")
            raise AssertionError(found[0])

        return re.sub(r"\$\{\{ ([a-z._-]+) \}\}", value, text)


def test_no_step_of_the_action_puts_an_input_into_its_script() -> None:
    """Inputs come by the environment: `${{ }}` inside `run` would be executed."""
    assert all("${{" not in step["run"] for step in action()["runs"]["steps"])


def test_the_action_names_what_it_puts_out() -> None:
    told = action()
    assert told["runs"]["using"] == "composite"
    runner = Runner(Path(), target="builtin")
    runner.outputs = {"run": {"status": "0", "folder": "there"}}
    assert [runner.expanded(each["value"]) for each in told["outputs"].values()] == ["0", "there"]


@pytest.mark.loopback
def test_the_action_passes_where_all_is_well(tmp_path: Path) -> None:
    runner = Runner(tmp_path, scenarios="ee-311\nee-mismatch\n", options="--mode=mandatory\n")
    assert runner.run(), runner.stdout
    assert runner.outputs["run"] == {"status": "0", "folder": "danelab-run"}
    assert {file.name for file in (tmp_path / "danelab-run").iterdir()} == RESULTS
    assert runner.summary.read_text(encoding="utf-8").startswith("## DANE for SMTP: As expected.")


@pytest.mark.loopback
def test_the_action_fails_with_a_summary_and_annotations_unless_the_baseline_knows(tmp_path: Path) -> None:
    runner = Runner(tmp_path, options="--mode=unaware", scenarios="ee-mismatch", folder="a folder")
    assert not runner.run()
    assert runner.outputs["run"]["status"] == "1"
    assert "Not conforming." in runner.summary.read_text(encoding="utf-8")
    assert "::error file=" in runner.stdout
    known = '[[failure]]\ntarget = "builtin"\nscenario = "ee-mismatch"\nreason = "it has no DANE"\n'
    (tmp_path / "known.toml").write_text(known, encoding="utf-8")
    runner = Runner(tmp_path, options="--mode=unaware", scenarios="ee-mismatch", baseline="known.toml")
    assert runner.run(), runner.stdout


def test_the_action_fails_where_danelab_cannot_be_used_as_asked(tmp_path: Path) -> None:
    runner = Runner(tmp_path, scenarios="no-such-thing")
    assert not runner.run()
    assert runner.outputs["run"]["status"] == "2"
    assert not runner.summary.exists()


def job(name: str) -> dict[str, Any]:
    """A job of the template, with what it extends."""
    jobs = yaml.safe_load(GITLAB.read_text(encoding="utf-8"))
    told = jobs[name]
    return {**job(told["extends"]), **told} if "extends" in told else dict(told)


def run_job(name: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    told = job(name)
    env = environment(folder / "bin", **{**told["variables"], **variables})
    return shell("\n".join(told["script"]), cwd=folder, env=env)


@pytest.mark.loopback
def test_gitlabs_job_runs_parts_and_puts_them_together(tmp_path: Path) -> None:
    options = {"DANELAB_OPTIONS": "ee-311 ee-mismatch", "CI_NODE_TOTAL": "2"}
    for index in ("1", "2"):
        done = run_job(".danelab", tmp_path, CI_NODE_INDEX=index, **options)
        assert done.returncode == 0, done.stderr
    found = sorted(file.relative_to(tmp_path).as_posix() for file in tmp_path.glob("danelab-run/*/junit.xml"))
    assert found == ["danelab-run/1/junit.xml", "danelab-run/2/junit.xml"]
    done = run_job(".danelab-merge", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 scenarios in" in done.stdout
    junit = job(".danelab-merge")["artifacts"]["reports"]["junit"].replace("$DANELAB_FOLDER", "danelab-run")
    assert (tmp_path / junit).exists()


@pytest.mark.loopback
def test_gitlabs_job_fails_as_danelab_does(tmp_path: Path) -> None:
    done = run_job(".danelab", tmp_path, DANELAB_OPTIONS="--mode=unaware ee-mismatch")
    assert done.returncode == 1


def test_no_file_names_a_host_to_install_from() -> None:
    for file in (ACTION, GITLAB):
        assert not re.search(r"https?://|--index-url|--extra-index", file.read_text(encoding="utf-8"))
