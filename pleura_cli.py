"""The command ``pleura``: its subcommands, each imported only when it is called."""

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
"""Module of each command; the function has the name of the command."""


_EXTRAS = {
    "dimse": {"pynetdicom"},
    "export": {"nncf", "onnx", "onnxscript", "torch", "torchvision"},
    "ray": {"pyarrow", "ray"},
    "torch": {"torch", "torchvision"},
    "train": {"jinja2", "matplotlib", "sklearn", "tensorboard", "torch", "torchvision"},
}
"""The packages that each extra brings, by the names of their modules."""

_PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""Settings that pass all arguments to the parser of the client."""


class _LazyGroup(TyperGroup):
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
    """Send radiographs to a service, as `pleura-client` does; needs no PyTorch."""
    from pleura_client.command import main as run

    raise typer.Exit(run(context.args, prog="pleura client"))


cli = typer.Typer(cls=_LazyGroup, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@cli.callback()
def pleura() -> None:
    """Segment the lungs in chest X-rays."""


def main() -> None:
    """Run a command.

    An error that the user can correct is printed as one sentence. Exit codes: 1 for such an error, 2
    for wrong arguments, 130 after Ctrl-C.
    """
    isolate()
    try:
        cli()
    except PleuraError as error:
        typer.echo(f"pleura: {error}", err=True)
        sys.exit(1)
    except ModuleNotFoundError as error:
        typer.echo(f"pleura: {_missing(error.name or 'a package')}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _missing(module: str) -> str:
    """Return a sentence that says how to install a module; serving needs none of the extras."""
    package = module.partition(".")[0]
    if package == "pleura_client":
        return "The client is not installed. Run pip install ./client in Pleura's folder."
    extras = [extra for extra, packages in _EXTRAS.items() if package in packages]
    if extras:
        # The extra with the command's name, or else the one that brings least.
        extra = min(extras, key=lambda extra: ([extra] != sys.argv[1:2], len(_EXTRAS[extra])))
        return (
            f"This needs {package}, which is not installed. Install the extra {extra} with "
            f"pip install -e '.[{extra}]', or everything with make install."
        )
    return f"{package} is not installed. Run make install."


if __name__ == "__main__":
    main()
