"""The command ``pleura bulk``."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from model.devices import Device
from model.errors import PleuraError

if TYPE_CHECKING:
    from model.checkpoint import CheckpointMetadata
    from model.segmenter import Segmenter

    from .storage import Location


def bulk(
    input: Annotated[  # noqa: A002 - the name of the option
        str,
        typer.Option(metavar="DIR|s3://…", help="Folder of radiographs, including subfolders."),
    ],
    output: Annotated[
        str, typer.Option(metavar="DIR|s3://…", help="Folder for the tables images/ and errors/.")
    ],
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            envvar="PLEURA_CHECKPOINT",
            help="Checkpoint to use, at the same path on all machines; the bundled one if not given.",
        ),
    ] = None,
    device: Annotated[Device, typer.Option(help="auto selects GPUs if there are any.")] = "auto",
) -> None:
    """Segment an archive on a Ray cluster, into Parquet.

    Joins the cluster at RAY_ADDRESS, or the one on this machine; if there is none, uses this machine alone.

    Finished images are skipped: run the same command again to resume a stopped run.

    A file that cannot be used becomes a row of errors/ and is skipped; the exit code is then 1.
    """
    if not (find_spec("ray") and find_spec("pyarrow")):
        raise PleuraError(
            "pleura bulk needs Ray, which is not installed: "
            "install the extra ray with pip install -e '.[ray]'."
        )
    import signal
    from contextlib import closing
    from functools import partial

    import ray

    from ..progress import RunProgress
    from . import storage
    from .cluster import allocate, join_cluster
    from .run import segment_all
    from .stages import Job
    from .storage import Location

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    named = checkpoint and checkpoint.absolute()
    metadata = describe(named)
    source, out = Location.parse(input), Location.parse(output)
    if source.open()[1] == out.open()[1]:
        raise typer.BadParameter("--output is the folder of the radiographs: use another folder.")
    found, others = source.images(out=out)
    names, invalid = storage.in_unicode(found)
    if not names and not invalid:
        raise PleuraError("There is no image to segment: give a folder with images as --input.")
    out.check_record({"input": source.open()[1], "checkpoint": metadata.sha256})
    before = set(out.paths_in(storage.IMAGES))
    todo = [name for name in names if name not in before]
    _start_errors(out, invalid)

    join_cluster()
    try:
        allocation = allocate(device)
        job = Job(
            source=source,
            out=out,
            sha256=metadata.sha256,
            describe=partial(describe, named),
            load=partial(load, named, "cuda" if allocation.gpus else "cpu"),
        )
        left, failed = set(todo), len(invalid)
        outcomes = segment_all(job, todo, allocation)
        with (
            RunProgress(
                len(todo),
                done_before=len(names) - len(todo),
                ignored=others,
                failures=f"{output}/errors",
                results=f"{output}/images",
            ) as progress,
            closing(outcomes),
        ):
            for outcome in outcomes:
                left.discard(outcome.name)
                failed += outcome.error is not None
                progress.add(outcome)
    finally:
        ray.shutdown()
    if left:
        raise PleuraError(f"{len(left)} images have no row in the tables: run the same command again.")
    if failed:
        raise typer.Exit(1)


def _start_errors(out: "Location", invalid: list[str]) -> None:
    """Replace the table of errors by rows for the names that are not valid Unicode."""
    import pyarrow as pa

    from . import storage, tables

    out.forget(storage.ERRORS)
    reason = "The file name is not valid Unicode: rename the file."
    rows = [{"path": name, "reason": reason} for name in invalid]
    out.write_table(f"{storage.ERRORS}/nameless.parquet", pa.Table.from_pylist(rows, tables.ERRORS))


def describe(checkpoint: Path | None) -> "CheckpointMetadata":
    """Read the metadata on a worker, where the bundled checkpoint may be at another path."""
    from model.checkpoint import BUNDLED, read_metadata

    return read_metadata(checkpoint or BUNDLED)


def load(checkpoint: Path | None, device: "Device", threads: int) -> "Segmenter":
    """Load the segmenter of one worker."""
    from model.segmenter import Segmenter
    from model.threads import available_cpus

    return Segmenter(checkpoint, device=device, threads=min(threads, available_cpus()))
