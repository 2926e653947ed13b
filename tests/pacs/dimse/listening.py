"""The command in a separate process with a fake engine: ``python -m tests.pacs.dimse.listening pacs …``."""

from typing import Any

import model.segmenter
from model.segmenter import Segmenter
from pleura_cli import main
from tests.pacs.segmenters import trusting


def load(*_: Any, **__: Any) -> Segmenter:
    return trusting()


if __name__ == "__main__":
    setattr(model.segmenter, "Segmenter", load)  # noqa: B010 - the command takes it from there
    main()
