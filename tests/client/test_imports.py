"""The client needs httpx and NumPy only, and imports nothing else."""

import subprocess
import sys
from pathlib import Path

import pleura_client
import pytest

LOADED = """
import sys
from importlib import import_module
for name in {names!r}:
    import_module(name)
print(*{{name.partition(".")[0] for name in sys.modules}} - sys.stdlib_module_names)
"""


def loaded_by(*names: str) -> set[str]:
    """The packages, beside Python's own, that a fresh process has when it has imported ``names``."""
    code = LOADED.format(names=names)
    return set(
        subprocess.run(
            [sys.executable, "-W", "error", "-c", code], check=True, capture_output=True, text=True
        ).stdout.split()
    )


@pytest.mark.parametrize("module", ["pleura_client", "pleura_client.command"])
def test_nothing_is_loaded_but_httpx_and_numpy(module: str) -> None:
    loaded = loaded_by(module)
    assert {"pleura_client", "httpx", "numpy"} <= loaded
    assert not loaded & {
        "torch",
        "torchvision",
        "fastapi",
        "starlette",
        "PIL",
        "cv2",
        "pydicom",
        "app",
        "model",
    }
    assert loaded - loaded_by("httpx", "numpy") == {"pleura_client"}


def test_package_is_typed() -> None:
    assert (Path(pleura_client.__file__).parent / "py.typed").exists()


def test_public_names_exist() -> None:
    assert sorted(pleura_client.__all__) == pleura_client.__all__
    for name in pleura_client.__all__:
        assert getattr(pleura_client, name).__doc__, name
