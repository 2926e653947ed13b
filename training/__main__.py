"""`pleura train` in several processes.

torchrun --nproc-per-node 2 -m training --data DIR --validation DIR --out DIR
"""

import os
import sys

import typer

from model.errors import PleuraError
from model.isolation import isolate

from .commands.train import train
from .loop.distributed import OtherProcessFailed


def main() -> None:
    """Run one of the processes; only the one in which an error occurred reports it."""
    isolate()
    command = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)
    command.command("train")(train)
    try:
        command()
    except OtherProcessFailed:
        sys.exit(1)
    except PleuraError as error:
        typer.echo(f"pleura: process {os.environ.get('RANK', '0')}: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
