"""Lung segmentation: reading images, the network and its engines, post-processing, quality, writing.

The names in ``__all__`` and the errors in `model.errors` are the public Python API. They are loaded on first
use, because a command that only reads one module of the package should not load OpenCV and pydantic.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .lungs import Lung
    from .quality import Quality
    from .radiograph import Radiograph
    from .segmentation import Segmentation
    from .segmenter import Segmenter

__all__ = ["Lung", "Quality", "Radiograph", "Segmentation", "Segmenter"]

_HOMES = {name: name.lower() for name in __all__} | {"Lung": "lungs"}
"""The module of each name."""

if not TYPE_CHECKING:
    # Hidden from type checkers, for which every name would otherwise exist.
    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
