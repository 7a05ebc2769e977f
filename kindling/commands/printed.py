"""`kindling schema`, `settings` and `version`: what can be said without any server."""

import json
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kindling.commands.common import writable
from kindling.settings import described
from shared.schema import asyncapi, json_schema


def schema(
    as_asyncapi: Annotated[bool, typer.Option("--asyncapi", help="The AsyncAPI document instead.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", callback=writable, help="Write to this file.")
    ] = None,
) -> None:
    """Print the JSON Schema of every event on the wire, or the AsyncAPI document of the topics."""
    text = json.dumps(asyncapi() if as_asyncapi else json_schema(), indent=2)
    if output is None:
        typer.echo(text)
    else:
        output.write_text(text + "\n", encoding="utf-8")


def settings() -> None:
    """List every setting with its default, as it is written in the environment (a `__` is a table in TOML)."""
    table = Table("setting", "default", "meaning")
    for row in described():
        table.add_row(*map(escape, row))
    Console().print(table)


def version() -> None:
    """Print the version."""
    typer.echo(f"kindling {version_of('kindling')}")
