"""`kindling community`: what operators decide for a whole community."""

import typer

from kindling.commands.community_mode import approve_link, mode

app = typer.Typer(help="Decide for a whole community: how far nudges go by themselves.", no_args_is_help=True)
app.command("mode")(mode)
app.command("approve-link")(approve_link)
