import tomllib
from fnmatch import fnmatch
from pathlib import Path

import model.weights

ROOT = Path(__file__).parents[2]
WEIGHTS = Path(model.weights.__file__).parent


def test_bundled_weights_are_in_the_package() -> None:
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    files = [path.name for path in WEIGHTS.iterdir() if path.is_file() and path.suffix != ".py"]
    assert any(name.endswith(".safetensors") for name in files)
    left_out = [
        name for name in files if not any(fnmatch(name, pattern) for pattern in patterns["model.weights"])
    ]
    assert not left_out
