"""The options of ``pleura segment``."""

from pathlib import Path
from typing import Annotated

import typer

from model.devices import Device, EngineChoice
from model.writing.formats import Format

Sources = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILES|DIR|-",
        help="Radiographs, a folder of them, or - for one on standard input.",
        show_default=False,
    ),
]

Out = Annotated[
    Path,
    typer.Option(metavar="DIR|-", help="Folder for the results, or - for standard output."),
]

FormatName = Annotated[Format, typer.Option(help="Format of the results.")]

Recursive = Annotated[bool, typer.Option(help="Include subfolders.")]

Shard = Annotated[
    str | None,
    typer.Option(metavar="I/N", help="Process only part I of N (1/N to N/N), for parallel jobs."),
]

Checkpoint = Annotated[
    Path | None,
    typer.Option(
        envvar="PLEURA_CHECKPOINT",
        help="Checkpoint to use: a file, or small; pleura-r50-256 if not given.",
    ),
]

DeviceName = Annotated[Device, typer.Option(envvar="PLEURA_DEVICE", help="auto selects CUDA if available.")]

EngineName = Annotated[EngineChoice, typer.Option(envvar="PLEURA_ENGINE", help="auto selects the fastest.")]

Flips = Annotated[
    bool,
    typer.Option(
        help="Average over each image and its mirror image; takes twice the time, and no mask is trusted."
    ),
]

Threshold = Annotated[
    float | None,
    typer.Option(min=0, max=1, help="Lowest probability of lung; the checkpoint's threshold if not given."),
]

Postprocess = Annotated[
    bool, typer.Option(help="Keep at most two lungs and fill their holes, or keep the raw mask.")
]
