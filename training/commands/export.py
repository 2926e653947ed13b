"""The command ``pleura export``."""

from pathlib import Path
from typing import Annotated

import typer


def export(
    checkpoint: Annotated[
        Path, typer.Option(help="Checkpoint of pleura train.", exists=True, dir_okay=False)
    ],
    images: Annotated[
        list[Path],
        typer.Option(
            help="Folder of radiographs that decide the ranges of int8; may be given more than once.",
            exists=True,
            file_okay=False,
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the models; beside the checkpoint if not given.")
    ] = None,
    onnx: Annotated[bool, typer.Option(help="Write ONNX as well.")] = False,
) -> None:
    """Convert a checkpoint to OpenVINO models, fp32 and int8.

    pleura serve uses the int8 model if it is in the folder of its checkpoint.
    """
    from model.checkpoint import read_checkpoint

    from ..disk import writing
    from ..export.convert import calibration_inputs, write_models

    folder = out or checkpoint.parent
    with writing(folder):
        read = read_checkpoint(checkpoint)
        files = write_models(read, inputs=calibration_inputs(read.metadata, images), out=folder, onnx=onnx)
    for file in files:
        typer.echo(str(file))
