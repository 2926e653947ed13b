"""Options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    list[Path],
    typer.Option(
        help="Folder with images/ and masks/; may be given more than once.", exists=True, file_okay=False
    ),
]


LungValues = Annotated[
    str | None,
    typer.Option(
        metavar="N[,N…]",
        help="Values of the masks that are lung (indices of a palette, numbers of a DICOM SEG's segments); "
        "if not given, all but the background.",
    ),
]

MixedPrecision = Annotated[
    bool | None,
    typer.Option(help="bf16; if not given, on CUDA and on a CPU that has bf16 instructions."),
]

Workers = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Processes that read and augment images; if not given, on CUDA one per processor, else none.",
    ),
]
