"""The command ``pleura``: joins the rooms' own commands, importing each room only when its command is called."""

import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from model.errors import PleuraError

COMMANDS = {
    "serve": "app.command",
    "health": "app.command",
    "train": "training.command",
    "evaluate": "training.command",
    "calibrate": "training.commands.calibrate",
    "export": "training.commands.export",
}
"""Where each command lives: the function of that name in that module."""


class _Rooms(TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        single = typer.Typer(add_completion=False, rich_markup_mode="rich")
        single.command(cmd_name)(getattr(import_module(COMMANDS[cmd_name]), cmd_name))
        return typer.main.get_command(single)


cli = typer.Typer(cls=_Rooms, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@cli.callback()
def pleura() -> None:
    """Segments the lungs in chest X-rays."""


def main() -> None:
    """Runs a command. What its user can mend is said in one sentence: exit code 1, or 2 where the call itself is wrong."""
    try:
        cli()
    except PleuraError as error:
        typer.echo(f"pleura: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
