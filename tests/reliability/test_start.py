"""What cannot be served is refused at the start, in a sentence, with exit code 1."""

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.numpy import save

from model.checkpoint import BUNDLED
from tests.checkpoints import save_random

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A checkpoint of random weights."""
    return save_random(tmp_path_factory.mktemp("start") / "whole.safetensors").read_bytes()


def _altered(data: bytes) -> bytes:
    return data[:-1000] + bytes([data[-1000] ^ 1]) + data[-999:]


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda data: None, "There is no checkpoint served.safetensors"),
        (lambda data: b"", "not a complete safetensors file"),
        (lambda data: data[: len(data) // 2], "not a complete safetensors file"),
        (lambda data: data[:100], "not a complete safetensors file"),
        (_altered, "sha256 differs"),
        (lambda data: save({}), "was not written by Pleura"),
        (lambda data: save({}, {"pleura": '{"name": "x", "num_classes": "many"}'}), "field num_classes"),
        (lambda data: pickle.dumps({"weights": 1}), "not a complete safetensors file"),
    ],
    ids=[
        "missing",
        "empty",
        "cut in the middle",
        "cut in the head",
        "altered",
        "foreign",
        "strange",
        "pickle",
    ],
)
def test_damaged_checkpoint_is_rejected_at_start(
    whole: bytes, tmp_path: Path, damage: Callable[[bytes], bytes | None], told: str
) -> None:
    path = tmp_path / "served.safetensors"
    data = damage(whole)
    if data is not None:
        path.write_bytes(data)
    _is_refused(path, told)


def test_exported_model_with_a_flipped_bit_is_rejected(tmp_path: Path) -> None:
    """The checkpoint is intact; the model that was exported from it is not."""
    for file in BUNDLED.parent.glob(f"{BUNDLED.stem}.*"):
        shutil.copy(file, tmp_path)
    weights = tmp_path / f"{BUNDLED.stem}.int8.bin"
    weights.write_bytes(_altered(weights.read_bytes()))
    _is_refused(tmp_path / BUNDLED.name, f"{weights.name} has changed since it was written")


def _is_refused(path: Path, told: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "pleura_cli", "serve"],
        cwd=ROOT,
        env={**os.environ, "PLEURA_PORT": "0", "PLEURA_CHECKPOINT": str(path), "PLEURA_DEVICE": "cpu"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    last = ended.stderr.splitlines()[-1]
    assert ended.returncode == 1
    assert told in last
    assert last.endswith(".")
    assert "Traceback" not in ended.stderr
    assert str(path.parent) not in ended.stderr
