"""The command ``pleura pacs``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit

import typer

from model.devices import Device, EngineChoice
from model.writing.dicom.forms import Form

from .selection import DEFAULTS, Selection

if TYPE_CHECKING:
    from .watcher import Watcher


def pacs(
    url: Annotated[
        str,
        typer.Option(help="Base address of the DICOMweb service, such as http://orthanc:8042/dicom-web."),
    ],
    watch: Annotated[
        bool, typer.Option("--watch", help="Keep searching for new radiographs until stopped.")
    ] = False,
    interval: Annotated[float, typer.Option(min=1, help="Seconds between two searches.")] = 30,
    days: Annotated[
        int | None,
        typer.Option(
            min=0, help="Only studies dated at most this many days ago, 0 for today; all if not given."
        ),
    ] = None,
    modality: Annotated[
        str,
        typer.Option(envvar="PLEURA_PACS_MODALITY", metavar="LIST", help="Modalities, separated by commas."),
    ] = DEFAULTS["modality"],
    body_part: Annotated[
        str,
        typer.Option(
            envvar="PLEURA_PACS_BODY_PART",
            metavar="LIST",
            help="Body parts; * for all, EMPTY for a missing value.",
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
            envvar="PLEURA_PACS_AE", metavar="LIST", help="Titles of the sending application entities."
        ),
    ] = DEFAULTS["ae"],
    form: Annotated[
        str,
        typer.Option(
            envvar="PLEURA_PACS_FORM",
            metavar="LIST",
            help="What is stored: seg, labelmap, sc, gsps, sr, separated by commas.",
        ),
    ] = "seg",
    store_untrusted: Annotated[
        bool, typer.Option("--store-untrusted", help="Also store masks that are not trusted.")
    ] = False,
    checkpoint: Annotated[
        Path | None,
        typer.Option(envvar="PLEURA_CHECKPOINT", help="Checkpoint to use; the bundled one if not given."),
    ] = None,
    device: Annotated[
        Device,
        typer.Option(envvar="PLEURA_DEVICE", help="Where the network runs; auto selects CUDA if available."),
    ] = "auto",
    engine: Annotated[
        EngineChoice,
        typer.Option(envvar="PLEURA_ENGINE", help="What runs the network; auto selects the fastest."),
    ] = "auto",
    log_format: Annotated[
        Literal["text", "json"],
        typer.Option(envvar="PLEURA_LOG_FORMAT", help="Format of the log lines."),
    ] = "text",
) -> None:
    """Segment the radiographs in a PACS and store the results there.

    Finds CR and DX instances by DICOMweb and stores the lungs in the same study, as a DICOM SEG or what
    --form lists: once for each instance, however often the command is started. Source images are never
    changed.

    By default it selects frontal chest radiographs, and those whose header does not give the view. The
    options --modality to --ae change the selection: lists separated by commas, * and ? as wildcards,
    EMPTY for a missing value.

    Credentials come from PLEURA_PACS_USER and PLEURA_PACS_PASSWORD, or from PLEURA_PACS_TOKEN. Without
    --watch the exit code is 1 if the PACS rejected a request, or if an instance must be tried again
    later.
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

    forms = _forms(form)

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
        worker = Worker(archive, segmenter, selection=selection, store_untrusted=store_untrusted, forms=forms)
        watcher = Watcher(archive, worker, stop, selection=selection, days=days)
        if watch:
            watcher.watch(interval_s=interval)
        else:
            watcher.once()
    _log_totals(watcher)
    if (watcher.postponed or watcher.outcomes[Outcome.REFUSED]) and not watch:
        raise typer.Exit(1)


def _forms(given: str) -> tuple[Form, ...]:
    names = dict.fromkeys(name.strip().lower() for name in given.split(",") if name.strip())
    try:
        forms = tuple(Form(name) for name in names)
    except ValueError:
        forms = ()
    if not forms:
        raise typer.BadParameter(f"--form takes {', '.join(Form)}, separated by commas.")
    return forms


def _selection(**given: str) -> Selection:
    try:
        return Selection.of(**given)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _log_totals(watcher: "Watcher") -> None:
    """Log the number of instances for each reason, then for each outcome."""
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
    """Return what is wrong with an address; None if it is valid."""
    try:
        address = urlsplit(url)
        usable = address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0
    except ValueError:
        usable = False
    if not usable or address.query or address.fragment:
        return "give an address such as http://orthanc:8042/dicom-web."
    if address.username is not None:
        return "remove the credentials and set PLEURA_PACS_USER and PLEURA_PACS_PASSWORD."
    return None
