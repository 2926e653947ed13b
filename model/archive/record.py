"""What a folder of results was made with, so that a run that goes on makes no mixture."""

import json
from pathlib import Path

from ..checkpoint import write_atomically
from ..errors import PleuraError
from ..segmenter import Segmenter
from .loop import Order

RECORD = ".pleura-run.json"


def check_run(out: Path, *, base: Path, segmenter: Segmenter, order: Order) -> None:
    """Writes the record where there is none, else compares.

    What is there already is skipped by its name, so it must be what would be made again: of the same images, checkpoint, threshold and
    post-processing. Formats may differ, their names do.

    Raises:
        PleuraError: the folder's results are others, or it cannot be written.
    """
    metadata = segmenter.metadata
    wanted = {
        "folder": str(base.resolve()),
        "checkpoint": metadata.sha256,
        "threshold": metadata.threshold if order.threshold is None else order.threshold,
        "postprocess": order.postprocess,
    }
    path = out / RECORD
    try:
        if not path.exists():
            write_atomically(path, json.dumps(wanted).encode() + b"\n")
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise PleuraError(f"{out} cannot be written ({error.strerror}): name another --out.") from error
    except ValueError:
        found = {}
    other = [key for key, value in wanted.items() if not isinstance(found, dict) or found.get(key) != value]
    if other:
        raise PleuraError(
            f"{out} holds results of another {' and '.join(other)}: name another --out, or remove that folder."
        )
