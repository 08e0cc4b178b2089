"""`danelab schema`: the JSON Schema of scenario files."""

from __future__ import annotations

import click

from .outputs import write_text


@click.command("schema", short_help="Print the JSON Schema of scenario files.")
@click.option("--write", "action", flag_value="write", help="Write it to scenarios/schema.json.")
@click.option("--check", "action", flag_value="check", help="Exit with 2 if scenarios/schema.json is not current.")
def command(action: str | None) -> None:
    """Print the JSON Schema of scenario files, by which editors complete and explain keys.

    Even Better TOML and taplo find it by a first line such as `#:schema ../schema.json`.
    """
    from harness.errors import ScenarioError
    from harness.scenario.schema import schema_text
    from harness.scenario.source import shown
    from harness.scenario.suite import SCHEMA, own_scenarios

    file = own_scenarios() / SCHEMA
    if action is None:
        click.echo(schema_text(), nl=False)
    elif action == "write":
        write_text(schema_text(), file, remedy="print it instead: danelab schema")
        click.echo(f"Wrote {shown(file)}.")
    elif not file.is_file() or file.read_text(encoding="utf-8") != schema_text():
        raise ScenarioError("is not current", file=shown(file), remedy="run: danelab schema --write")
