"""The public names of `model`, and what it costs to import the package."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import model

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "python.md"
HEAVY = {"cv2", "numpy", "openvino", "pydantic", "pydicom", "scipy", "torch"}


def loaded_by(statement: str) -> set[str]:
    """Return which heavy packages a fresh interpreter has loaded after a statement."""
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return HEAVY & set(answer.stdout.split())


def test_import_of_model_loads_no_heavy_package() -> None:
    assert loaded_by("import model") == set()


def test_import_of_segmenter_loads_no_network_library() -> None:
    assert not loaded_by("from model import Segmenter") & {"openvino", "pydicom", "scipy", "torch"}


@pytest.mark.parametrize("name", model.__all__)
def test_public_name_is_the_class_of_its_module(name: str) -> None:
    public = getattr(model, name)
    assert getattr(import_module(public.__module__), name) is public
    assert name in dir(model)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'model' has no attribute 'Segmentor'"):
        _ = model.Segmentor  # type: ignore[attr-defined]


def test_reference_documents_every_public_name_and_the_errors() -> None:
    shown = {line.split(".")[-1] for line in REFERENCE.read_text("utf-8").splitlines() if line[:4] == "::: "}
    assert shown == {*model.__all__, "errors"}
