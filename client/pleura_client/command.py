"""The command ``pleura-client``: radiographs through a service, into files."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np

from .errors import InvalidArgument, PleuraClientError
from .png import grey_png
from .sources import File
from .synchronous import Pleura
from .trust import MaskFile, png_text

Written: TypeAlias = tuple[bytes, str]
"""What goes into a file, and what is said of it."""

_STREAM = "-"


def main(argv: Sequence[str] | None = None, *, prog: str = "pleura-client") -> int:
    """Runs the command.

    Args:
        argv: its arguments; None takes the process's.
        prog: its name.

    Returns:
        The exit code: 0, or 1 where something failed. A call that is wrong in itself exits with 2.
    """
    parser = _parser(prog)
    asked = parser.parse_args(argv)
    try:
        targets = _targets(asked.files, out=asked.out, form=asked.format)
    except InvalidArgument as error:
        parser.error(str(error))
    try:
        with Pleura(asked.url, api_key=_key(), timeout=asked.timeout, retries=asked.retries) as pleura:
            write = _writer(pleura, asked)
            done = [_serve(prog, source, target, write) for source, target in targets]
    except InvalidArgument as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        return 130
    return 0 if all(done) else 1


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Sends radiographs to a Pleura service and writes the masks of their lungs.",
        epilog="A key that the service wants is read from PLEURA_API_KEY. Exit codes: 0 all written, 1 some failed, "
        "2 the call is wrong.",
    )
    parser.add_argument("url", metavar="URL", help="the service's address: http://host:port")
    parser.add_argument(
        "files", metavar="FILE", nargs="+", help="radiographs (PNG, JPEG, TIFF, BMP, WebP, DICOM); - is stdin"
    )
    parser.add_argument("--out", metavar="DIR", required=True, help="folder to write to; - is stdout")
    parser.add_argument(
        "--format",
        choices=sorted(_SUFFIXES),
        default="mask",
        help="a PNG of the mask, a PNG of the radiograph with outlines, or a DICOM SEG (default: mask)",
    )
    parser.add_argument("--threshold", metavar="P", type=float, help="probability from which a pixel is lung")
    parser.add_argument(
        "--raw", action="store_true", help="the mask without post-processing: all components, with holes"
    )
    parser.add_argument(
        "--timeout", metavar="S", type=float, default=60.0, help="seconds to wait (default: 60)"
    )
    parser.add_argument(
        "--retries",
        metavar="N",
        type=int,
        default=4,
        help="tries more where the service is busy (default: 4)",
    )
    return parser


_SUFFIXES = {"mask": "_mask.png", "overlay": "_overlay.png", "seg": "_seg.dcm"}


def _targets(files: Sequence[str], *, out: str, form: str) -> list[tuple[str, Path | None]]:
    """Where each file's result goes; None is stdout.

    Raises:
        InvalidArgument: results would overwrite each other, or a file that is read.
    """
    if files.count(_STREAM) > 1:
        raise InvalidArgument("Give - for stdin once.")
    if out == _STREAM:
        if len(files) > 1:
            raise InvalidArgument("Give one file with --out -, or a folder for several.")
        return [(files[0], None)]
    targets: list[tuple[str, Path | None]] = []
    taken = {Path(file).resolve() for file in files if file != _STREAM}
    for file in files:
        stem = "stdin" if file == _STREAM else Path(file).stem
        target = Path(out) / f"{stem}{_SUFFIXES[form]}"
        if target.resolve() in taken:
            raise InvalidArgument(
                f"{target} would be overwritten: give files of different names, or another --out."
            )
        taken.add(target.resolve())
        targets.append((file, target))
    return targets


def _key() -> str | None:
    return os.environ.get("PLEURA_API_KEY") or None


def _writer(pleura: Pleura, asked: argparse.Namespace) -> Callable[[File], Written]:
    """What makes a file's content in the format that was asked for."""
    threshold, postprocess = asked.threshold, not asked.raw

    def mask(source: File) -> Written:
        found = pleura.segment(source, threshold=threshold, postprocess=postprocess)
        quality = found.quality
        said = "" if quality.trusted else _doubt(*(warning.message for warning in quality.warnings))
        return grey_png(np.where(found.mask, np.uint8(255), np.uint8(0)), text=png_text(quality)), said

    def told(file: MaskFile) -> Written:
        return file, "" if file.trust.trusted else _doubt(", ".join(file.trust.warnings))

    def overlay(source: File) -> Written:
        return told(pleura.overlay(source, threshold=threshold, postprocess=postprocess))

    def seg(source: File) -> Written:
        return told(pleura.seg(source, threshold=threshold, postprocess=postprocess))

    return {"mask": mask, "overlay": overlay, "seg": seg}[asked.format]


def _doubt(*reasons: str) -> str:
    return " ".join(("not to be trusted:", *reasons))


def _serve(prog: str, source: str, target: Path | None, write: Callable[[File], Written]) -> bool:
    """One file; what fails is told, and the next file has its turn."""
    try:
        content, said = write(sys.stdin.buffer.read() if source == _STREAM else Path(source))
        _put(content, target)
    except PleuraClientError as error:
        _say(prog, f"{source}: {error}")
        return False
    except OSError as error:
        _say(prog, f"{source}: the result cannot be written ({error.strerror}): check --out.")
        return False
    _say(prog, ": ".join(part for part in (source, str(target or "stdout"), said) if part))
    return True


def _put(content: bytes, target: Path | None) -> None:
    if target is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    # Whoever watches the folder sees whole files only.
    part = target.with_name(f"{target.name}.part")
    try:
        part.write_bytes(content)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _say(prog: str, sentence: str) -> None:
    sys.stderr.write(f"{prog}: {sentence}\n")
