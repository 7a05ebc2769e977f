"""Load the commands whose packages are installed: the image of one service has no more than its own need."""

from importlib import import_module
from typing import Any

import typer

# The packages of the `recommend` extra, by the names that they are imported with.
RECOMMEND = frozenset({"numpy", "scipy", "threadpoolctl", "onnxruntime", "tokenizers"})
_ANYTHING = {"ignore_unknown_options": True, "allow_extra_args": True}


def add_command(app: typer.Typer, name: str, where: str) -> None:
    """Add a command; `where` is MODULE:NAME in kindling.commands. One that lacks packages says which, when called."""
    found, lacking = _found(where)
    if lacking:
        app.command(name, hidden=True, add_help_option=False, context_settings=_ANYTHING)(_refusal(name, lacking))
    else:
        app.command(name)(found)


def add_group(app: typer.Typer, name: str, where: str) -> None:
    """Add a group of commands, as `add_command` adds one."""
    found, lacking = _found(where)
    if lacking:
        add_command(app, name, where)
    else:
        app.add_typer(found, name=name)


def _found(where: str) -> tuple[Any, str]:
    """Give what is there, or the name of the optional package that is missing; whatever else is missing is a fault."""
    module, _, name = where.partition(":")
    try:
        return getattr(import_module(f"kindling.commands.{module}"), name), ""
    except ModuleNotFoundError as error:
        lacking = (error.name or "").partition(".")[0]
        if lacking not in RECOMMEND:
            raise
        return None, lacking


def _refusal(name: str, lacking: str) -> Any:
    def refuse() -> None:
        typer.echo(
            f"kindling: `kindling {name}` needs {lacking}, which is not installed here: use the image of recommend, "
            "or pip install 'kindling[recommend]'",
            err=True,
        )
        raise typer.Exit(2)

    return refuse
