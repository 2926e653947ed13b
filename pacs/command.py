"""The command ``pleura pacs``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit

import typer

from model.engines import Device, EngineChoice

from .selection import DEFAULTS, Selection

if TYPE_CHECKING:
    from .watcher import Watcher


def pacs(
    url: Annotated[
        str,
        typer.Option(help="Base address of the DICOMweb service, as in http://orthanc:8042/dicom-web."),
    ],
    watch: Annotated[bool, typer.Option("--watch", help="Go on looking for new ones until stopped.")] = False,
    interval: Annotated[float, typer.Option(min=1, help="Seconds between two looks.")] = 30,
    days: Annotated[
        int | None,
        typer.Option(
            min=0, help="Only studies dated at most so many days ago, 0 being today; all if not given."
        ),
    ] = None,
    modality: Annotated[
        str,
        typer.Option(
            envvar="PLEURA_PACS_MODALITY", metavar="LIST", help="Modalities, with commas between them."
        ),
    ] = DEFAULTS["modality"],
    body_part: Annotated[
        str,
        typer.Option(
            envvar="PLEURA_PACS_BODY_PART",
            metavar="LIST",
            help="Body parts; * for all, EMPTY for none given.",
        ),
    ] = DEFAULTS["body_part"],
    view: Annotated[
        str,
        typer.Option(envvar="PLEURA_PACS_VIEW", metavar="LIST", help="View positions; * for all."),
    ] = DEFAULTS["view"],
    laterality: Annotated[
        str,
        typer.Option(
            envvar="PLEURA_PACS_LATERALITY",
            metavar="LIST",
            help="Lateralities: R, L, U (unpaired), B (both).",
        ),
    ] = DEFAULTS["laterality"],
    description: Annotated[
        str,
        typer.Option(
            envvar="PLEURA_PACS_DESCRIPTION", metavar="LIST", help="Descriptions of the series or the study."
        ),
    ] = DEFAULTS["description"],
    ae: Annotated[
        str,
        typer.Option(
            envvar="PLEURA_PACS_AE", metavar="LIST", help="Application entities that the images come from."
        ),
    ] = DEFAULTS["ae"],
    store_untrusted: Annotated[
        bool, typer.Option("--store-untrusted", help="Also store masks that cannot be trusted.")
    ] = False,
    checkpoint: Annotated[
        Path | None,
        typer.Option(envvar="PLEURA_CHECKPOINT", help="Checkpoint to use; the bundled one if not given."),
    ] = None,
    device: Annotated[
        Device,
        typer.Option(
            envvar="PLEURA_DEVICE", help="Where the network runs; auto takes CUDA where there is one."
        ),
    ] = "auto",
    engine: Annotated[
        EngineChoice,
        typer.Option(envvar="PLEURA_ENGINE", help="What runs the network; auto takes the fastest here."),
    ] = "auto",
    log_format: Annotated[
        Literal["text", "json"],
        typer.Option(envvar="PLEURA_LOG_FORMAT", help="How log lines are written."),
    ] = "text",
) -> None:
    """Segments the radiographs in a PACS and stores the results there.

    Finds CR and DX instances by DICOMweb and stores a DICOM SEG of the lungs in the same study: once for each instance, however
    often it is started. The sources are never touched.

    What is taken: frontal chest radiographs, and those whose header does not say. --modality to --ae narrow it or widen it: lists with commas,
    * and ? as wildcards, EMPTY for a value that is missing.

    Credentials come from PLEURA_PACS_USER and PLEURA_PACS_PASSWORD, or from PLEURA_PACS_TOKEN. Without --watch the exit code is 1
    if the PACS refused something, or if something has to be tried again later.
    """
    if problem := _problem(url):
        raise typer.BadParameter(problem, param_hint="--url")

    selection = _selection(
        modality=modality,
        body_part=body_part,
        view=view,
        laterality=laterality,
        description=description,
        ae=ae,
    )

    from logs import configure, log
    from model.segmenter import Segmenter

    from .archive import Archive
    from .retries import Retries
    from .session import make_session
    from .settings import PacsSettings
    from .stop import Stop
    from .watcher import Watcher
    from .worker import Outcome, Worker

    configure(log_format)
    settings = PacsSettings()
    settings.check()
    stop = Stop()
    stop.on_signals()
    segmenter = Segmenter(checkpoint, device=device, engine=engine)
    log.info("ready", extra={"fields": {"engine": segmenter.engine.name, "device": segmenter.engine.device}})
    with make_session(settings) as session:
        archive = Archive(url.rstrip("/"), session, Retries(stop.wait), endless=watch)
        worker = Worker(archive, segmenter, selection=selection, store_untrusted=store_untrusted)
        watcher = Watcher(archive, worker, stop, selection=selection, days=days)
        if watch:
            watcher.watch(interval_s=interval)
        else:
            watcher.once()
    _tell(watcher)
    if (watcher.postponed or watcher.outcomes[Outcome.REFUSED]) and not watch:
        raise typer.Exit(1)


def _selection(**given: str) -> Selection:
    try:
        return Selection.of(**given)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _tell(watcher: "Watcher") -> None:
    """Log how many instances came to which end: a line for each reason, then one for the whole."""
    from logs import log

    from .watcher import counts

    for end, number in sorted(watcher.ends.items()):
        if end.reason:
            log.info(
                "in all",
                extra={"fields": {"outcome": end.outcome, "reason": end.reason, "instances": number}},
            )
    put_off = len(watcher.postponed)
    log.info("ended", extra={"fields": {**counts(watcher.outcomes), "put_off": put_off}})


def _problem(url: str) -> str | None:
    """What is wrong with an address."""
    try:
        address = urlsplit(url)
        usable = address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0
    except ValueError:
        usable = False
    if not usable or address.query or address.fragment:
        return "give an address such as http://orthanc:8042/dicom-web."
    if address.username is not None:
        return "leave credentials out and set PLEURA_PACS_USER and PLEURA_PACS_PASSWORD."
    return None
