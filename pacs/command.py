"""The command ``pleura pacs``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from model.devices import Device, EngineChoice

from .options import parse_door, parse_forms, parse_metrics_address, parse_selection, url_problem
from .selection import DEFAULTS


def pacs(
    url: Annotated[
        str | None,
        typer.Option(help="Base address of the DICOMweb service, such as http://orthanc:8042/dicom-web."),
    ] = None,
    listen: Annotated[
        str | None,
        typer.Option(metavar="[HOST:]PORT", help="Receive radiographs by C-STORE here, instead of --url."),
    ] = None,
    send_to: Annotated[
        str | None,
        typer.Option(metavar="AE@HOST:PORT", help="With --listen: where the results go, by C-STORE."),
    ] = None,
    ae_title: Annotated[
        str, typer.Option(envvar="PLEURA_DIMSE_AE_TITLE", help="With --listen: the AE title of Pleura.")
    ] = "PLEURA",
    calling: Annotated[
        str,
        typer.Option(
            envvar="PLEURA_DIMSE_CALLING",
            metavar="LIST",
            help="With --listen: AE titles that may send; all if not given.",
        ),
    ] = "",
    queue: Annotated[
        Path | None,
        typer.Option(envvar="PLEURA_DIMSE_QUEUE", metavar="DIR", help="With --listen: folder of the queue."),
    ] = None,
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
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="With --url: only say which radiographs would be segmented; store nothing."
        ),
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="CSV file with what became of each instance, and why.")
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(metavar="[HOST:]PORT", help="Serve Prometheus metrics here."),
    ] = None,
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

    With --listen it is a DICOM Storage SCP instead (CR, DX, SC): what it receives is segmented once, and the
    results are sent to --send-to. The queue survives a crash. PLEURA_DIMSE_* set limits and TLS.

    Credentials for --url come from PLEURA_PACS_USER and PLEURA_PACS_PASSWORD, or from PLEURA_PACS_TOKEN.
    Without --watch the exit code is 1 if the PACS rejected a request, or if an instance must be tried again
    later.
    """
    if (url is None) == (listen is None):
        raise typer.BadParameter("give either --url or --listen.", param_hint="--url / --listen")
    if dry_run and (url is None or watch):
        raise typer.BadParameter("it goes with --url and without --watch.", param_hint="--dry-run")
    if url is not None and (problem := url_problem(url)):
        raise typer.BadParameter(problem, param_hint="--url")
    door = None if listen is None else parse_door(listen, send_to, ae_title, calling, queue)
    selection = parse_selection(
        modality=modality,
        body_part=body_part,
        view=view,
        laterality=laterality,
        description=description,
        ae=ae,
    )

    forms = parse_forms(form)
    address = None if metrics is None else parse_metrics_address(metrics)

    from logs import configure, log
    from model.segmenter import Segmenter

    from .observers import observing
    from .settings import PacsSettings
    from .stop import Stop

    configure(log_format)
    settings = PacsSettings()
    settings.check()
    stop = Stop()
    stop.on_signals()
    segmenter = Segmenter(checkpoint, device=device, engine=engine)
    log.info("ready", extra={"fields": {"engine": segmenter.engine.name, "device": segmenter.engine.device}})
    options = {"selection": selection, "store_untrusted": store_untrusted, "forms": forms}
    with observing(settings, report=report, metrics=address, name=ae_title) as observers:
        if door is not None:
            from .dimse.run import serve

            serve(door, segmenter, stop, options, observers=observers)
        elif url is not None:
            from .watch import watch_archive

            complete = watch_archive(
                url,
                segmenter,
                stop,
                options,
                settings=settings,
                interval_s=interval if watch else None,
                days=days,
                observers=observers,
                dry_run=dry_run,
            )
            if not complete and not watch:
                raise typer.Exit(1)
