"""The command ``pleura``: joins the rooms' own commands, importing each room only when its command is called."""

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import typer
from typer.core import TyperGroup

from model.errors import PleuraError
from model.isolation import isolate

COMMANDS = {
    "serve": "app.command",
    "segment": "bulk.command",
    "bulk": "bulk.ray.command",
    "pacs": "pacs.command",
    "health": "app.command",
    "train": "training.commands.train",
    "clean": "training.commands.clean",
    "average": "training.commands.average",
    "pseudo-label": "training.commands.pseudo_label",
    "evaluate": "training.commands.evaluate",
    "calibrate": "training.commands.calibrate",
    "export": "training.commands.export",
    "client": "pleura_cli",
}
"""Where each command lives: the function of that name in that module."""


_PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""The client has a parser of its own."""


class _Rooms(TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:
        return [name for name, module in COMMANDS.items() if find_spec(module.partition(".")[0])]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        single = typer.Typer(add_completion=False, rich_markup_mode="rich")
        settings = _PASS_ON if cmd_name == "client" else None
        single.command(cmd_name, context_settings=settings)(
            getattr(import_module(COMMANDS[cmd_name]), cmd_name.replace("-", "_"))
        )
        return typer.main.get_command(single)


def client(context: typer.Context) -> None:
    """Sends radiographs to a service: what `pleura-client` does, which needs no PyTorch."""
    from pleura_client.command import main as run

    raise typer.Exit(run(context.args, prog="pleura client"))


cli = typer.Typer(cls=_Rooms, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@cli.callback()
def pleura() -> None:
    """Segments the lungs in chest X-rays."""


def main() -> None:
    """Runs a command. What its user can mend is said in one sentence: exit code 1, or 2 where the call itself is wrong."""
    isolate()
    try:
        cli()
    except PleuraError as error:
        typer.echo(f"pleura: {error}", err=True)
        sys.exit(1)
    except ModuleNotFoundError as error:
        typer.echo(
            f"pleura: {error.name} is not installed here: run this command where all of requirements.txt is, or in the CUDA image.",
            err=True,
        )
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
