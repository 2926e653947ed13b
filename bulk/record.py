"""What a folder of results was made with, so that a run that goes on makes no mixture."""

import json
from pathlib import Path
from typing import Any

from model.checkpoint import write_atomically
from model.errors import PleuraError
from model.segmenter import Segmenter

from .loop import Order

RECORD = ".pleura-run.json"


def recorded_base(out: Path) -> Path | None:
    """The folder that the names of the results in ``out`` begin from; None where there are none.

    Raises:
        PleuraError: the record cannot be read.
    """
    folder = _read(out / RECORD).get("folder")
    return Path(folder) if isinstance(folder, str) else None


def check_run(out: Path, *, base: Path, segmenter: Segmenter, order: Order) -> None:
    """Write the record where there is none, else compare.

    What is there already is skipped by its name, so it must be what would be made again: of the same images, checkpoint, engine, threshold
    and post-processing. That images are averaged with their mirror images is a part of the engine's name. Formats may differ, as their
    names do.

    Raises:
        PleuraError: the folder's results are others, or it cannot be written.
    """
    metadata = segmenter.metadata
    wanted = {
        "folder": str(base.resolve()),
        "checkpoint": metadata.sha256,
        "engine": segmenter.engine.name,
        "threshold": metadata.threshold if order.threshold is None else order.threshold,
        "postprocess": order.postprocess,
    }
    path = out / RECORD
    try:
        if not path.exists():
            write_atomically(path, json.dumps(wanted).encode() + b"\n")
    except OSError as error:
        raise PleuraError(f"{out} cannot be written ({error.strerror}): name another --out.") from error
    found = _read(path)
    other = [
        f"{key} ({found.get(key, 'unknown')}, not {value})"
        for key, value in wanted.items()
        if found.get(key) != value
    ]
    if other:
        raise PleuraError(
            f"{out} holds results of another {' and '.join(other)}: name another --out, or remove that folder."
        )


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise PleuraError(f"{path} cannot be read ({error.strerror}): name another --out.") from error
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
