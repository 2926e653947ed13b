"""The options of ``pleura pacs``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from model.devices import Device, EngineChoice

Url = Annotated[
    str | None,
    typer.Option(help="Base address of the DICOMweb service, such as http://orthanc:8042/dicom-web."),
]

Listen = Annotated[
    str | None,
    typer.Option(metavar="[HOST:]PORT", help="Receive radiographs by C-STORE here, instead of --url."),
]

SendTo = Annotated[
    str | None,
    typer.Option(metavar="AE@HOST:PORT", help="With --listen: where the results go, by C-STORE."),
]

AeTitle = Annotated[
    str, typer.Option(envvar="PLEURA_DIMSE_AE_TITLE", help="With --listen: the AE title of Pleura.")
]

Calling = Annotated[
    str,
    typer.Option(
        envvar="PLEURA_DIMSE_CALLING",
        metavar="LIST",
        help="With --listen: AE titles that may send; all if not given.",
    ),
]

Queue = Annotated[
    Path | None,
    typer.Option(envvar="PLEURA_DIMSE_QUEUE", metavar="DIR", help="With --listen: folder of the queue."),
]

Watch = Annotated[bool, typer.Option("--watch", help="Keep searching for new radiographs until stopped.")]

Interval = Annotated[float, typer.Option(min=1, help="Seconds between two searches.")]

Days = Annotated[
    int | None,
    typer.Option(min=0, help="Only studies dated at most this many days ago, 0 for today; all if not given."),
]

Modality = Annotated[
    str,
    typer.Option(envvar="PLEURA_PACS_MODALITY", metavar="LIST", help="Modalities, separated by commas."),
]

BodyPart = Annotated[
    str,
    typer.Option(
        envvar="PLEURA_PACS_BODY_PART",
        metavar="LIST",
        help="Body parts; * for all, EMPTY for a missing value.",
    ),
]

View = Annotated[
    str,
    typer.Option(envvar="PLEURA_PACS_VIEW", metavar="LIST", help="View positions; * for all."),
]

Laterality = Annotated[
    str,
    typer.Option(
        envvar="PLEURA_PACS_LATERALITY",
        metavar="LIST",
        help="Lateralities: R, L, U (unpaired), B (both).",
    ),
]

Description = Annotated[
    str,
    typer.Option(
        envvar="PLEURA_PACS_DESCRIPTION", metavar="LIST", help="Descriptions of the series or the study."
    ),
]

Ae = Annotated[
    str,
    typer.Option(envvar="PLEURA_PACS_AE", metavar="LIST", help="Titles of the sending application entities."),
]

DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="With --url: only say which radiographs would be segmented; store nothing."
    ),
]

Report = Annotated[Path | None, typer.Option(help="CSV file with what became of each instance, and why.")]

Metrics = Annotated[
    str | None,
    typer.Option(metavar="[HOST:]PORT", help="Serve Prometheus metrics here."),
]

Form = Annotated[
    str,
    typer.Option(
        envvar="PLEURA_PACS_FORM",
        metavar="LIST",
        help="What is stored: seg, labelmap, sc, gsps, sr, separated by commas.",
    ),
]

StoreUntrusted = Annotated[
    bool, typer.Option("--store-untrusted", help="Also store masks that are not trusted.")
]

Checkpoint = Annotated[
    Path | None,
    typer.Option(
        envvar="PLEURA_CHECKPOINT", help="Checkpoint to use: a file, or small; the bundled one if not given."
    ),
]

DeviceName = Annotated[
    Device,
    typer.Option(envvar="PLEURA_DEVICE", help="Where the network runs; auto selects CUDA if available."),
]

EngineName = Annotated[
    EngineChoice,
    typer.Option(envvar="PLEURA_ENGINE", help="What runs the network; auto selects the fastest."),
]

LogFormat = Annotated[
    Literal["text", "json"],
    typer.Option(envvar="PLEURA_LOG_FORMAT", help="Format of the log lines."),
]
