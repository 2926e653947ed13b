"""The options of ``pleura pacs``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from model.devices import Device, EngineChoice
from model.writing.dicom.forms import FORMS

Url = Annotated[
    str | None,
    typer.Option(help="Base address of the DICOMweb service, such as http://orthanc:8042/dicom-web."),
]

Listen = Annotated[
    str | None,
    typer.Option(
        metavar="[HOST:]PORT", help="Port, or host and port, to listen on for C-STORE; instead of --url."
    ),
]

SendTo = Annotated[
    str | None,
    typer.Option(metavar="AE@HOST:PORT", help="With --listen: AE title, host and port of the destination."),
]

AeTitle = Annotated[
    str, typer.Option(envvar="PLEURA_DIMSE_AE_TITLE", help="With --listen: AE title of Pleura.")
]

Calling = Annotated[
    str,
    typer.Option(
        envvar="PLEURA_DIMSE_CALLING",
        metavar="LIST",
        help="With --listen: calling AE titles that may send, separated by commas; default: all.",
    ),
]

Queue = Annotated[
    Path | None,
    typer.Option(envvar="PLEURA_DIMSE_QUEUE", metavar="DIR", help="With --listen: folder of the queue."),
]

Watch = Annotated[bool, typer.Option("--watch", help="Keep searching until SIGTERM or SIGINT.")]

Interval = Annotated[float, typer.Option(min=1, help="Seconds between two searches.")]

Days = Annotated[
    int | None,
    typer.Option(min=0, help="Only studies dated at most this many days ago, 0 for today; default: all."),
]

Modality = Annotated[
    str,
    typer.Option(envvar="PLEURA_PACS_MODALITY", metavar="LIST", help="Compared with Modality."),
]

BodyPart = Annotated[
    str,
    typer.Option(
        envvar="PLEURA_PACS_BODY_PART",
        metavar="LIST",
        help="Compared with BodyPartExamined, otherwise the code meaning in AnatomicRegionSequence.",
    ),
]

View = Annotated[
    str,
    typer.Option(
        envvar="PLEURA_PACS_VIEW",
        metavar="LIST",
        help="Compared with ViewPosition, otherwise ViewCodeSequence.",
    ),
]

Laterality = Annotated[
    str,
    typer.Option(
        envvar="PLEURA_PACS_LATERALITY",
        metavar="LIST",
        help="Compared with ImageLaterality, otherwise Laterality: R, L, U (unpaired), B (both).",
    ),
]

Description = Annotated[
    str,
    typer.Option(
        envvar="PLEURA_PACS_DESCRIPTION",
        metavar="LIST",
        help="Compared with SeriesDescription and StudyDescription.",
    ),
]

Ae = Annotated[
    str,
    typer.Option(envvar="PLEURA_PACS_AE", metavar="LIST", help="Compared with the AE titles of the sender."),
]

DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="With --url: only report which images would be segmented; store nothing."),
]

Report = Annotated[Path | None, typer.Option(help="CSV file to which outcomes and reasons are appended.")]

Metrics = Annotated[
    str | None,
    typer.Option(metavar="[HOST:]PORT", help="Port, or host and port, for Prometheus."),
]

Form = Annotated[
    str,
    typer.Option(
        envvar="PLEURA_PACS_FORM",
        metavar="LIST",
        help=f"Forms to store, separated by commas: {', '.join(FORMS)}.",
    ),
]

StoreUntrusted = Annotated[
    bool, typer.Option("--store-untrusted", help="Also store masks that are not trusted.")
]

Checkpoint = Annotated[
    Path | None,
    typer.Option(
        envvar="PLEURA_CHECKPOINT",
        help="Checkpoint to use: a file, or small; pleura-r50-256 if not given.",
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
