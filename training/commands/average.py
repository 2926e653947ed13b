"""The command ``pleura average``."""

from pathlib import Path
from typing import Annotated

import typer


def average(
    checkpoint: Annotated[
        list[Path],
        typer.Option(
            help="A checkpoint; given more than once. The last one's image size is kept.",
            exists=True,
            dir_okay=False,
        ),
    ],
    out: Annotated[Path, typer.Option(help="The checkpoint to write.", dir_okay=False)],
    name: Annotated[
        str | None,
        typer.Option(help="Name that the checkpoint carries; the file's, without its ending, if not given."),
    ] = None,
) -> None:
    """Average the weights of checkpoints that were trained on from the same one.

    Evaluate the result with pleura evaluate, then calibrate and export it: calibration and exports are
    not taken over.
    """
    from model.checkpoint import save_checkpoint

    from ..disk import writing
    from ..export.averaging import average as average_of

    with writing(out.parent):
        weights, metadata = average_of(checkpoint)
        named = metadata.model_copy(update={"name": name or out.stem})
        written = save_checkpoint(out, weights, named)
    typer.echo(f"{out}: {written.sha256}")
