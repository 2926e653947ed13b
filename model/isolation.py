"""Keeps the libraries to themselves: no usage reports, and no files outside of one cache folder."""

import os
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

_NO_REPORTS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
}

_CACHES = {
    # matplotlib would also make a folder for its configuration.
    "MPLCONFIGDIR": "matplotlib",
    # torch makes this folder when optimisers or exports are loaded.
    "TORCHINDUCTOR_CACHE_DIR": "torchinductor",
}


def cache_folder() -> Path:
    """The user's cache for Pleura; in the temporary folder where the user has no home."""
    try:
        caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        caches = Path(tempfile.gettempdir())
    return caches / "pleura"


def isolate() -> None:
    """Set the environment of this process and of those it starts; what the user has set stays.

    To be called before a library is imported.
    """
    for name, value in _NO_REPORTS.items():
        os.environ.setdefault(name, value)
    for name, folder in _CACHES.items():
        os.environ.setdefault(name, str(cache_folder() / folder))


def import_without_telemetry(name: str) -> Any:
    """Import ``openvino`` or ``nncf`` without the package that reports their use.

    Both import ``openvino_telemetry``, which looks up an analytics host and writes ``~/intel``; no setting of the environment
    stops it. Where that package cannot be imported, they do without.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    return import_module(name)
