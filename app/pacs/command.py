"""The command ``pleura pacs``."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import typer

from model.engines import Device, EngineChoice


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

    Credentials come from PLEURA_PACS_USER and PLEURA_PACS_PASSWORD, or from PLEURA_PACS_TOKEN. Without --watch the exit code is 1
    if something has to be tried again later.
    """
    if problem := _problem(url):
        raise typer.BadParameter(problem, param_hint="--url")

    from model.segmenter import Segmenter

    from ..logs import configure, log
    from .archive import Archive
    from .patience import Patience
    from .session import make_session
    from .settings import PacsSettings
    from .stop import Stop
    from .watcher import Watcher
    from .worker import Worker

    configure(log_format)
    settings = PacsSettings()
    settings.check()
    stop = Stop()
    stop.on_signals()
    segmenter = Segmenter(checkpoint, device=device, engine=engine)
    log.info("ready", extra={"fields": {"engine": segmenter.engine.name, "device": segmenter.engine.device}})
    with make_session(settings) as session:
        archive = Archive(url.rstrip("/"), session, Patience(stop.wait), endless=watch)
        worker = Worker(archive, segmenter, store_untrusted=store_untrusted)
        watcher = Watcher(archive, worker, stop, days=days)
        if watch:
            watcher.watch(interval_s=interval)
        else:
            watcher.once()
    counts = {outcome.replace(" ", "_"): number for outcome, number in watcher.outcomes.items()}
    log.info("ended", extra={"fields": {**counts, "put_off": len(watcher.postponed)}})
    if watcher.postponed and not watch:
        raise typer.Exit(1)


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
