"""The command ``pleura pacs``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from model.devices import Device, EngineChoice

from . import parameters
from .options import check_source, parse_door, parse_forms, parse_metrics_address, parse_selection
from .selection import DEFAULTS

if TYPE_CHECKING:
    from model.segmenter import Segmenter

    from .settings import PacsSettings
    from .stop import Stop


def pacs(
    url: parameters.Url = None,
    listen: parameters.Listen = None,
    send_to: parameters.SendTo = None,
    ae_title: parameters.AeTitle = "PLEURA",
    calling: parameters.Calling = "",
    queue: parameters.Queue = None,
    watch: parameters.Watch = False,
    interval: parameters.Interval = 30,
    days: parameters.Days = None,
    modality: parameters.Modality = DEFAULTS["modality"],
    body_part: parameters.BodyPart = DEFAULTS["body_part"],
    view: parameters.View = DEFAULTS["view"],
    laterality: parameters.Laterality = DEFAULTS["laterality"],
    description: parameters.Description = DEFAULTS["description"],
    ae: parameters.Ae = DEFAULTS["ae"],
    dry_run: parameters.DryRun = False,
    report: parameters.Report = None,
    metrics: parameters.Metrics = None,
    form: parameters.Form = "seg",
    store_untrusted: parameters.StoreUntrusted = False,
    checkpoint: parameters.Checkpoint = None,
    device: parameters.DeviceName = "auto",
    engine: parameters.EngineName = "auto",
    log_format: parameters.LogFormat = "text",
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

    \f
    It is long because it declares 24 options.
    """  # noqa: D301 - typer ends the help at the form feed
    check_source(url, listen, dry_run=dry_run, watch=watch)
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

    from .observers import observing
    from .worker import WorkOptions

    options = WorkOptions(selection=selection, store_untrusted=store_untrusted, forms=forms)

    segmenter, settings, stop = _start(checkpoint, device=device, engine=engine, log_format=log_format)
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


def _start(
    checkpoint: Path | None, *, device: Device, engine: EngineChoice, log_format: Literal["text", "json"]
) -> tuple[Segmenter, PacsSettings, Stop]:
    """Set up logging and signals, check the settings, and load the segmenter."""
    from logs import configure, log
    from model.segmenter import Segmenter

    from .settings import PacsSettings
    from .stop import Stop

    configure(log_format)
    settings = PacsSettings()
    settings.check()
    stop = Stop()
    stop.on_signals()
    segmenter = Segmenter(checkpoint, device=device, engine=engine)
    log.info("ready", extra={"fields": {"engine": segmenter.engine.name, "device": segmenter.engine.device}})
    return segmenter, settings, stop
