"""Isolation of third-party libraries: no usage reports, and no files outside one cache folder."""

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
    """Return Pleura's folder in the user's cache, or in the temporary folder if there is no home folder."""
    try:
        caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        caches = Path(tempfile.gettempdir())
    return caches / "pleura"


def isolate() -> None:
    """Set the environment of this process and its children. Variables that are set already are kept.

    Call this before the libraries are imported.
    """
    for name, value in _NO_REPORTS.items():
        os.environ.setdefault(name, value)
    for name, folder in _CACHES.items():
        os.environ.setdefault(name, str(cache_folder() / folder))


def import_without_telemetry(name: str) -> Any:
    """Import ``openvino`` or ``nncf`` without their telemetry package.

    Both import ``openvino_telemetry``, which looks up an analytics host and writes ``~/intel``; no
    environment variable stops it. They work without the package if it cannot be imported.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    return import_module(name)
