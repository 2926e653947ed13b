"""The command ``pleura bulk``."""

from contextlib import closing
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from model.devices import Device
from model.errors import PleuraError
from model.weights import SMALL

if TYPE_CHECKING:
    from model.checkpoint import CheckpointMetadata
    from model.segmenter import Segmenter

    from .cluster import Allocation
    from .stages import Job
    from .storage import Location

Input = Annotated[
    str, typer.Option(metavar="DIR|s3://…", help="Folder of radiographs, including subfolders.")
]
Output = Annotated[str, typer.Option(metavar="DIR|s3://…", help="Folder for the tables images/ and errors/.")]
CheckpointPath = Annotated[
    Path | None,
    typer.Option(
        envvar="PLEURA_CHECKPOINT",
        help="Checkpoint to use: a file, at the same path on all machines, or small; "
        "pleura-r50-256 if not given.",
    ),
]
DeviceName = Annotated[Device, typer.Option(help="auto selects GPUs if there are any.")]


class _Archive(NamedTuple):
    """The images of a run: those to segment, how many are done, and files that are not images."""

    todo: list[str]
    done: int
    invalid: list[str]
    ignored: int


def bulk(
    input: Input,  # noqa: A002 - the name of the option
    output: Output,
    checkpoint: CheckpointPath = None,
    device: DeviceName = "auto",
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

    import ray

    from .cluster import allocate, join_cluster
    from .stages import Job
    from .storage import Location

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    named = found_on_all_machines(checkpoint)
    metadata = describe(named)
    source, out = Location.parse(input), Location.parse(output)
    archive = _list_archive(source, out, sha256=metadata.sha256)

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
        failed = _segment(job, archive, allocation, output=output)
    finally:
        ray.shutdown()
    if failed:
        raise typer.Exit(1)


def _list_archive(source: "Location", out: "Location", *, sha256: str) -> _Archive:
    """List the images, check that an earlier run had the same arguments, and start the table of errors."""
    from . import storage

    if source.open()[1] == out.open()[1]:
        raise typer.BadParameter("--output is the folder of the radiographs: use another folder.")
    found, others = source.images(out=out)
    names, invalid = storage.in_unicode(found)
    if not names and not invalid:
        raise PleuraError("There is no image to segment: give a folder with images as --input.")
    out.check_record({"input": source.open()[1], "checkpoint": sha256})
    before = set(out.paths_in(storage.IMAGES))
    todo = [name for name in names if name not in before]
    _start_errors(out, invalid)
    return _Archive(todo, len(names) - len(todo), invalid, others)


def _segment(job: "Job", archive: _Archive, allocation: "Allocation", *, output: str) -> int:
    """Segment the images, show the progress, and return how many could not be used.

    Raises:
        PleuraError: Images have no row in the tables.
    """
    from ..progress import RunProgress
    from .run import segment_all

    left, failed = set(archive.todo), len(archive.invalid)
    outcomes = segment_all(job, archive.todo, allocation)
    progress = RunProgress(
        len(archive.todo),
        done_before=archive.done,
        ignored=archive.ignored,
        failures=f"{output}/errors",
        results=f"{output}/images",
    )
    with progress, closing(outcomes):
        for outcome in outcomes:
            left.discard(outcome.name)
            failed += outcome.error is not None
            progress.add(outcome)
    if left:
        raise PleuraError(f"{len(left)} images have no row in the tables: run the same command again.")
    return failed


def _start_errors(out: "Location", invalid: list[str]) -> None:
    """Replace the table of errors by rows for the names that are not valid Unicode."""
    import pyarrow as pa

    from . import storage, tables

    out.forget(storage.ERRORS)
    reason = "The file name is not valid Unicode: rename the file."
    rows = [{"path": name, "reason": reason} for name in invalid]
    out.write_table(f"{storage.ERRORS}/nameless.parquet", pa.Table.from_pylist(rows, tables.ERRORS))


def found_on_all_machines(checkpoint: Path | None) -> Path | None:
    """Return a file's absolute path, and a name as it is: workers may have its file at another path."""
    return checkpoint if checkpoint is None or str(checkpoint) == SMALL else checkpoint.absolute()


def describe(checkpoint: Path | None) -> "CheckpointMetadata":
    """Read the metadata on a worker, where the bundled checkpoint may be at another path."""
    from model.checkpoint import BUNDLED, read_metadata

    return read_metadata(checkpoint or BUNDLED)


def load(checkpoint: Path | None, device: "Device", threads: int) -> "Segmenter":
    """Load the segmenter of one worker.

    Args:
        checkpoint: A file or a name; None takes the bundled one.
        device: As of `Segmenter`.
        threads: CPU threads, at most as many as the machine has.
    """
    from model.segmenter import Segmenter
    from model.threads import available_cpus

    return Segmenter(checkpoint, device=device, threads=min(threads, available_cpus()))
