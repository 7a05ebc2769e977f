"""The `kindling` command: one file a command, put together here."""

import signal
import sys

import typer
from rich.console import Console
from rich.text import Text

from kindling.commands import (
    backtest,
    dead_letters,
    demo,
    doctor,
    evaluate,
    explain,
    imports,
    keys,
    link,
    models,
    policies,
    printed,
    replays,
    serve,
    simulate,
    topics,
)
from kindling.replay.processes import ProcessEnded
from kindling.simulate.protocol import WorldError
from services.recommend.export import ModelUnavailable
from shared.embedded import EmbeddedServerError
from shared.failures import Unavailable, Unprocessable, UnsafeSettings

# What a person can do something about: a sentence, not a stack.
EXPECTED = (
    UnsafeSettings, Unavailable, Unprocessable, EmbeddedServerError, ModelUnavailable, ProcessEnded, WorldError,
    OSError,
)  # fmt: skip

app = typer.Typer(
    name="kindling",
    help="The right prompt, to the right person, at the right time, for learning communities.\n\n"
    "Begin with `kindling demo`: an invented community at work. Then `kindling up`, and `kindling import` "
    "with the history that you have.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command("demo")(demo.demo)
app.command("up")(serve.up)
app.command("run")(serve.run)
app.command("import")(imports.import_)
app.command("link")(link.link)
app.command("replay")(replays.replay)
app.command("evaluate")(evaluate.evaluate)
app.command("backtest")(backtest.backtest)
app.command("explain")(explain.explain)
app.command("simulate")(simulate.simulate)
app.command("doctor")(doctor.doctor)
app.command("schema")(printed.schema)
app.command("settings")(printed.settings)
app.command("version")(printed.version)
app.add_typer(models.app, name="models")
app.add_typer(policies.app, name="policy")
app.add_typer(topics.app, name="topics")
app.add_typer(keys.app, name="keys")
app.add_typer(dead_letters.app, name="dead-letters")


def main() -> None:
    """Run the command line; failures that are expected end with a sentence and exit code 2."""
    _end_on_sigterm()
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except EXPECTED as error:
        # What it quotes is data, in which brackets mean nothing.
        said = Text.assemble(("kindling:", "red"), " ", sentence_of(error))
        Console(stderr=True).print(said, highlight=False, soft_wrap=True)
        sys.exit(2)


def _end_on_sigterm() -> None:
    """Have whoever ends a tool by SIGTERM stop what it started, as after Ctrl-C; services have a way of their own."""

    def end(*_: object) -> None:
        sys.exit(143)

    def try_again(unraisable: "sys.UnraisableHookArgs") -> None:
        # A signal that comes while Python runs a destructor or a weak reference's callback ends only that.
        if unraisable.exc_type is SystemExit:
            signal.setitimer(signal.ITIMER_REAL, 0.01)
        else:
            sys.__unraisablehook__(unraisable)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGALRM, end)
    sys.unraisablehook = try_again


def sentence_of(error: Exception) -> str:
    """Say what went wrong; of a file, which one and why."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error)


if __name__ == "__main__":
    main()
