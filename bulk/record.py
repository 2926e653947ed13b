"""The record of the settings of a results folder, so that a resumed run does not mix results."""

import json
from pathlib import Path
from typing import Any

from model.atomic import write_atomically
from model.errors import PleuraError
from model.segmenter import Segmenter

from .loop import OutputOptions

RECORD = ".pleura-run.json"


def recorded_base(out: Path) -> Path | None:
    """Return the base folder of the result names in ``out``; None if there are no results.

    Raises:
        PleuraError: The record cannot be read.
    """
    folder = _read(out / RECORD).get("folder")
    return Path(folder) if isinstance(folder, str) else None


def check_run(out: Path, *, base: Path, segmenter: Segmenter, options: OutputOptions) -> None:
    """Write the record if there is none, otherwise compare.

    Existing results are skipped by name, so they must come from the same images, checkpoint, engine,
    threshold and post-processing. Test-time augmentation (``--flips``) is part of the engine name.
    Formats may differ, since their file names differ.

    Args:
        out: Folder of the results.
        base: Folder of the images.
        segmenter: Makes the masks.
        options: Threshold, post-processing and format.

    Raises:
        PleuraError: The results were made with other settings, or the folder cannot be written.
    """
    metadata = segmenter.metadata
    wanted = {
        "folder": str(base.resolve()),
        "checkpoint": metadata.sha256,
        "engine": segmenter.engine.name,
        "threshold": metadata.threshold if options.threshold is None else options.threshold,
        "postprocess": options.postprocess,
    }
    path = out / RECORD
    try:
        if not path.exists():
            write_atomically(path, json.dumps(wanted).encode() + b"\n")
    except OSError as error:
        raise PleuraError(f"{out} cannot be written ({error.strerror}): use another --out.") from error
    found = _read(path)
    other = [
        f"{key} ({found.get(key, 'unknown')}, not {value})"
        for key, value in wanted.items()
        if found.get(key) != value
    ]
    if other:
        raise PleuraError(
            f"{out} holds results of another {' and '.join(other)}: use another --out, or delete that folder."
        )


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise PleuraError(f"{path} cannot be read ({error.strerror}): use another --out.") from error
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
