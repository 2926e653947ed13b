"""The command ``pleura bulk``."""

from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from model.errors import PleuraError

from ..command import DeviceName

if TYPE_CHECKING:
    from model.checkpoint import CheckpointMetadata
    from model.engines import Device
    from model.segmenter import Segmenter


class BulkEngine(StrEnum):
    """What spreads the work over machines."""

    RAY = "ray"


def bulk(
    input: Annotated[  # noqa: A002 - the name of the flag
        str,
        typer.Option(metavar="DIR|s3://…", help="Folder of radiographs; folders in it are gone into."),
    ],
    output: Annotated[
        str, typer.Option(metavar="DIR|s3://…", help="Folder for the tables images/ and errors/.")
    ],
    engine: Annotated[BulkEngine, typer.Option(help="What spreads the work over machines.")] = BulkEngine.RAY,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            envvar="PLEURA_CHECKPOINT",
            help="Checkpoint to use, at the same path on all machines; the bundled one if not given.",
        ),
    ] = None,
    device: Annotated[
        DeviceName, typer.Option(help="auto takes the cluster's GPUs where it has some.")
    ] = DeviceName.AUTO,
) -> None:
    """Segments an archive on a Ray cluster, into Parquet.

    Joins the cluster at RAY_ADDRESS, or the one that was started on this machine; where there is none, uses this machine.

    What is done is skipped: a command that was stopped goes on when given again.

    A file that cannot be used becomes a row of errors/ and is passed over; the exit code is then 1.
    """
    if not (find_spec("ray") and find_spec("pyarrow")):
        raise PleuraError(
            "pleura bulk needs Ray, which is not installed here: install Pleura's extra ray, with pip install -e '.[ray]'."
        )
    import signal
    from contextlib import closing
    from functools import partial

    import pyarrow as pa
    import ray

    from ..progress import RunProgress
    from . import storage, tables
    from .cluster import join_cluster, share_out
    from .run import segment_all
    from .stages import Job
    from .storage import Place

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    named = checkpoint and checkpoint.absolute()
    metadata = describe(named)
    source, out = Place.named(input), Place.named(output)
    if source.open()[1] == out.open()[1]:
        raise typer.BadParameter("--output is the folder of the radiographs: name another one.")
    found, others = source.images(out=out)
    names, nameless = storage.in_unicode(found)
    if not names and not nameless:
        raise PleuraError("There is no image to segment: name a folder that holds some in --input.")
    out.check_record({"input": source.open()[1], "checkpoint": metadata.sha256})
    before = set(out.paths_in(storage.IMAGES))
    todo = [name for name in names if name not in before]
    out.forget(storage.ERRORS)
    reason = "The name is not in Unicode: rename the file."
    rows = [{"path": name, "reason": reason} for name in nameless]
    out.write_table(f"{storage.ERRORS}/nameless.parquet", pa.Table.from_pylist(rows, tables.ERRORS))

    join_cluster()
    try:
        shares = share_out(device.value)
        job = Job(
            source=source,
            out=out,
            sha256=metadata.sha256,
            describe=partial(describe, named),
            load=partial(load, named, "cuda" if shares.gpus else "cpu"),
        )
        left, failed = set(todo), len(nameless)
        outcomes = segment_all(job, todo, shares)
        with (
            RunProgress(
                len(todo),
                done_before=len(names) - len(todo),
                passed_over=others,
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
        raise PleuraError(f"{len(left)} images have no row: run the same command again.")
    if failed:
        raise typer.Exit(1)


def describe(checkpoint: Path | None) -> "CheckpointMetadata":
    """The metadata as a worker finds them: the bundled checkpoint may lie elsewhere on its machine."""
    from model.checkpoint import BUNDLED, read_metadata

    return read_metadata(checkpoint or BUNDLED)


def load(checkpoint: Path | None, device: "Device", threads: int) -> "Segmenter":
    """The segmenter of one worker."""
    from model.segmenter import Segmenter
    from model.threads import available_cpus

    return Segmenter(checkpoint, device=device, threads=min(threads, available_cpus()))
