"""The command ``pleura segment``."""

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from model.errors import PleuraError
from model.writing.formats import Format

if TYPE_CHECKING:
    from model.segmenter import Segmenter

    from .listing import Shard
    from .loop import Order

_PIPE = Path("-")


class DeviceName(StrEnum):
    """Where a network runs."""

    AUTO = "auto"
    CUDA = "cuda"
    CPU = "cpu"


class EngineName(StrEnum):
    """What runs a network."""

    AUTO = "auto"
    TORCH = "torch"
    OPENVINO = "openvino"


def segment(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILES|DIR|-",
            help="Radiographs, a folder of them, or - for one on standard input.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(metavar="DIR|-", help="Folder for the results, or - to write one to standard output."),
    ],
    format: Annotated[  # noqa: A002 - the name of the flag
        Format, typer.Option(help="What is written of each image.")
    ] = Format.PNG,
    recursive: Annotated[bool, typer.Option(help="Go into the folders of folders.")] = True,
    shard: Annotated[
        str | None,
        typer.Option(metavar="I/N", help="Do only part I of N (1/N to N/N), for jobs side by side."),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(envvar="PLEURA_CHECKPOINT", help="Checkpoint to use; the bundled one if not given."),
    ] = None,
    device: Annotated[
        DeviceName, typer.Option(envvar="PLEURA_DEVICE", help="auto takes CUDA where there is one.")
    ] = DeviceName.AUTO,
    engine: Annotated[
        EngineName, typer.Option(envvar="PLEURA_ENGINE", help="auto takes the fastest here.")
    ] = EngineName.AUTO,
    flips: Annotated[
        bool,
        typer.Option(
            help="Average over each image and its mirror image, at twice the time; no such mask is called trusted."
        ),
    ] = False,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="Probability from which a pixel is lung; the checkpoint's own if not given."
        ),
    ] = None,
    postprocess: Annotated[
        bool, typer.Option(help="Keep at most two lungs and fill their holes, or keep the raw mask.")
    ] = True,
) -> None:
    """Segments the lungs in one radiograph or in many.

    Results mirror the folder: DIR/a/x.png becomes OUT/a/x.png.mask.png.

    What is done is skipped: a command that was stopped goes on when given again.

    OUT/results.csv has a row for each file: areas, trust, predicted IoU, warnings, or why there is no result.

    A file that cannot be used is told, listed in OUT/failures.csv and passed over; the exit code is then 1. Files in a folder that are
    no images by suffix or first bytes are counted at the end.

    pleura segment radiographs --out masks

    pleura segment x.dcm --out segmentations --format seg

    pleura segment - --out - < x.png > mask.png
    """
    part = _shard(shard)
    if _PIPE in (*sources, out):
        one = len(sources) == 1 and not sources[0].is_dir()
        if not (one and out == _PIPE and part is None):
            raise typer.BadParameter(
                "- stands for one image: give one file or -, and --out -, without --shard."
            )
    elif out.exists() and not out.is_dir():
        raise typer.BadParameter(f"--out {out} is a file: name a folder.")
    elif any(source.resolve() == out.resolve() for source in sources):
        raise typer.BadParameter("--out is the folder of the radiographs: name another one.")

    import cv2

    from model.segmenter import Segmenter

    from .loop import Order

    # Images are read and written side by side: threads within one would only stand in each other's way.
    cv2.setNumThreads(1)
    segmenter = Segmenter(checkpoint, device=device.value, engine=engine.value, flips=flips)
    order = Order(format=format, threshold=threshold, postprocess=postprocess)
    if out == _PIPE:
        _one(segmenter, sources[0], order)
    else:
        _many(segmenter, sources, order, out=out, recursive=recursive, shard=part)


def _shard(given: str | None) -> "Shard | None":
    if given is None:
        return None
    from .listing import Shard

    numbers = re.fullmatch(r"(\d{1,9})/(\d{1,9})", given)
    if numbers is None or not 1 <= int(numbers[1]) <= int(numbers[2]):
        raise typer.BadParameter(f"--shard {given} is none of 1/N to N/N: for the first of eight write 1/8.")
    return Shard(int(numbers[1]), int(numbers[2]))


def _one(segmenter: "Segmenter", source: Path, order: "Order") -> None:
    import sys

    try:
        prepared = order.prepare(segmenter, sys.stdin.buffer.read() if source == _PIPE else source)
    except OSError as error:
        raise PleuraError(f"{source} cannot be opened ({error.strerror}): check its name.") from None
    (inferred,) = segmenter.run([prepared])
    data, _ = order.finish(segmenter, prepared, inferred)
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _many(
    segmenter: "Segmenter",
    sources: list[Path],
    order: "Order",
    *,
    out: Path,
    recursive: bool,
    shard: "Shard | None",
) -> None:
    import signal
    from contextlib import closing

    from .failures import Failures
    from .listing import list_images
    from .loop import segment_all
    from .progress import RunProgress, passed_over
    from .record import check_run, recorded_base
    from .results import Results

    # A job that is told to end by its scheduler ends as by Ctrl-C: what is being written is finished.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    listing = list_images(sources, recursive=recursive, out=out, base=recorded_base(out))
    if not listing.names:
        others = f" {passed_over(listing.passed_over)}." if listing.passed_over else ""
        raise PleuraError(f"There is no image to segment: name files, or a folder that holds some.{others}")
    check_run(out, base=listing.base, segmenter=segmenter, order=order)
    mine = [name for name in listing.names if shard is None or name in shard]
    with Results(out, format_=order.format, shard=shard) as results, Failures(out, shard=shard) as failures:
        todo = results.resume(mine)
        outcomes = segment_all(
            segmenter, todo, base=listing.base, out=out, order=order, elsewhere=listing.elsewhere
        )
        progress = RunProgress(
            len(todo),
            done_before=len(mine) - len(todo),
            passed_over=listing.passed_over,
            failures=failures.path,
            results=results.path,
        )
        with progress, closing(outcomes):
            for outcome in outcomes:
                if outcome.error is not None:
                    failures.add(outcome.name, outcome.error)
                results.add(outcome)
                progress.add(outcome)
    if failures.count:
        raise typer.Exit(1)
