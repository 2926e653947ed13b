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
        help="Values of the masks that are lung (of a palette the indices, of a DICOM SEG the segments' numbers), where others are not; "
        "if not given, what is not background.",
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
        help="Processes that read and augment images; if not given, on CUDA one for each processor, else none.",
    ),
]
