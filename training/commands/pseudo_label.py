"""The command ``pleura pseudo-label``."""

from pathlib import Path
from typing import Annotated

import typer

from .options import DeviceName


def pseudo_label(
    images: Annotated[Path, typer.Option(help="Folder of radiographs.", exists=True, file_okay=False)],
    out: Annotated[Path, typer.Option(help="New folder for images/, masks/ and ignore/.", file_okay=False)],
    checkpoint: Annotated[
        Path | None, typer.Option(help="The teacher; the bundled checkpoint if not given.")
    ] = None,
    within: Annotated[
        Path | None,
        typer.Option(
            help="Folder of masks that hold the lungs and more, such as the heart: the answers' outer bound.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    device: Annotated[DeviceName, typer.Option(help="auto takes CUDA where there is one.")] = DeviceName.AUTO,
) -> None:
    """Draws masks for radiographs that have none, to train on.

    Keeps those that the teacher trusts, and leaves pixels that it is not sure of out of the loss. Says of each file that is left out why.
    """
    from model.segmenter import Segmenter

    from ..datasets import images_in
    from ..disk import writing
    from ..errors import TrainingError
    from ..pseudo_labels import PseudoLabel, pseudo_labels, write_pseudo_label

    if out.exists() and any(out.iterdir()):
        raise TrainingError(f"{out} is not empty: name a new folder in --out.")
    files = images_in(images)
    segmenter = Segmenter(checkpoint, device=device.value)
    kept = 0
    with writing(out):
        for label in pseudo_labels(segmenter, files, within=within):
            if isinstance(label, PseudoLabel):
                write_pseudo_label(label, out)
                kept += 1
            else:
                path, reason = label
                typer.echo(f"left out: {path.name}: {reason}", err=True)
    typer.echo(f"{out}: {kept} of {len(files)} images")
