"""Options that several commands take."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    list[Path],
    typer.Option(
        help="Folder with images/ and masks/; may be given more than once.", exists=True, file_okay=False
    ),
]


class DeviceName(StrEnum):
    """Where a network runs."""

    AUTO = "auto"
    CUDA = "cuda"
    CPU = "cpu"
