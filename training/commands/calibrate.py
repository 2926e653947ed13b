"""The command ``pleura calibrate``."""

from pathlib import Path
from typing import Annotated

import typer

from .options import AnyDevice, Data


def calibrate(
    checkpoint: Annotated[
        Path, typer.Option(help="Checkpoint of pleura train.", exists=True, dir_okay=False)
    ],
    data: Data,
    frontal: Annotated[
        list[Path],
        typer.Option(
            help="Folder of frontal radiographs, masks not needed; may be given more than once.",
            exists=True,
            file_okay=False,
        ),
    ],
    negatives: Annotated[
        Path,
        typer.Option(
            help="Folder with one subfolder for each kind of image that is no frontal chest X-ray.",
            exists=True,
            file_okay=False,
        ),
    ],
    out: Annotated[
        Path, typer.Option(help="The new checkpoint; calibration.md and its plots are written beside it.")
    ],
    children: Annotated[
        list[Path] | None,
        typer.Option(
            help="Folder of radiographs of children, masks not needed: such images are then recognised.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    held_out: Annotated[
        list[Path] | None,
        typer.Option(help="Like --frontal, for the metrics alone.", exists=True, file_okay=False),
    ] = None,
    device: AnyDevice = "auto",
) -> None:
    """Fit the quality model of a checkpoint, which assesses its masks.

    The weights stay as they are; the parameters go into the metadata. Without them no mask is ever
    trusted. --data must be images that the weights were not trained on.
    """
    from ..disk import writing
    from ..quality.calibrate import calibrate as fit_quality

    with writing(out.parent):
        fit_quality(
            checkpoint,
            data=data,
            frontal=frontal,
            negatives=negatives,
            out=out,
            children=children or [],
            held_out=held_out or [],
            device=device,
        )
    typer.echo(f"{out} and {out.parent / 'calibration.md'}")
