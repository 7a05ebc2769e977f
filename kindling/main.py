"""The `kindling` command: one file a command, put together here."""

import signal
import sys

import typer
from rich.console import Console
from rich.text import Text

from kindling.commands.loading import add_command, add_group
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
# Where each is, in the order of `kindling --help`.
COMMANDS = {
    "demo": "demo:demo",
    "up": "serve:up",
    "run": "serve:run",
    "import": "imports:import_",
    "link": "link:link",
    "replay": "replays:replay",
    "evaluate": "evaluate:evaluate",
    "backtest": "backtest:backtest",
    "explain": "explain:explain",
    "simulate": "simulate:simulate",
    "doctor": "doctor:doctor",
    "plan": "plan:plan",
    "schema": "printed:schema",
    "settings": "printed:settings",
    "version": "printed:version",
}
GROUPS = {
    "community": "community:app",
    "member": "member:app",
    "models": "models:app",
    "encoders": "encoders:app",
    "policy": "policies:app",
    "topics": "topics:app",
    "keys": "keys:app",
    "dead-letters": "dead_letters:app",
}
for name, where in COMMANDS.items():
    add_command(app, name, where)
for name, where in GROUPS.items():
    add_group(app, name, where)


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
