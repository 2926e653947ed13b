"""The script of docs/how-to/onnx.md, with the file that `pleura export --onnx` writes.

Where ONNX Runtime is not installed, OpenVINO takes its place: it reads the same files.
"""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from model.checkpoint import BUNDLED, CheckpointMetadata, save_checkpoint
from model.metrics.overlap import overlap
from model.networks.architectures import SMALL_UNET
from model.preprocessing import Preprocessing
from model.segmenter import Segmenter
from samples.phantom import phantom

from ..conftest import Pleura

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "how-to" / "onnx.md"

STAND_IN = '''"""ONNX Runtime's interface, as far as the page uses it."""
import openvino

class InferenceSession:
    def __init__(self, path, providers):
        self._model = openvino.compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def run(self, names, inputs):
        found = self._model(inputs)
        return [found[name] for name in names or ("probabilities", "embedding")]
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the page's image, and ONNX Runtime."""
    (tmp_path / "samples").mkdir()
    Image.fromarray(phantom(width=300, height=260, seed=4).pixels).save(tmp_path / "samples" / "phantom.png")
    if not find_spec("onnxruntime"):
        (tmp_path / "onnxruntime.py").write_text(STAND_IN)
    return tmp_path


def small(path: Path) -> Path:
    """A small network with random weights, whose probabilities are not all on one side of the threshold."""
    metadata = CheckpointMetadata(
        name="random", architecture=SMALL_UNET, preprocessing=Preprocessing(input_size=192)
    )
    torch.manual_seed(2)
    weights = metadata.network().state_dict()
    weights["head.1.bias"].zero_()
    save_checkpoint(path, weights, metadata)
    return path


def export(checkpoint: Path, folder: Path, pleura: Pleura) -> None:
    """Export a checkpoint as the page does."""
    given = ("--checkpoint", checkpoint, "--images", folder / "samples", "--out", folder / "runs/onnx")
    ended = pleura("export", *given, "--onnx")
    assert ended.code == 0, ended.err


def run(folder: Path, **replaced: str) -> None:
    """Run the page's script in ``folder``, with replaced words."""
    (script,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    for old, new in replaced.items():
        assert script.count(old) == 1
        script = script.replace(old, new)
    file = folder / "page.py"
    file.write_text(script)
    done = subprocess.run([sys.executable, str(file)], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def require_same_mask(folder: Path, checkpoint: Path) -> None:
    pixels = np.asarray(Image.open(folder / "samples" / "phantom.png"))
    expected = Segmenter(checkpoint, device="cpu", engine="torch")(pixels, postprocess=False).mask
    found = np.asarray(Image.open(folder / "mask.png")) > 0
    assert 0.02 < expected.mean() < 0.98
    assert overlap(found, expected).iou > 0.995


def test_script_of_the_page_gives_the_mask_of_the_segmenter(folder: Path, pleura: Pleura) -> None:
    export(BUNDLED, folder, pleura)
    assert str(ROOT).encode() not in (folder / "runs/onnx/pleura-r50-256.onnx").read_bytes()
    run(folder)
    require_same_mask(folder, BUNDLED)


def test_script_gives_the_mask_of_the_segmenter_for_the_small_network_too(
    folder: Path, pleura: Pleura
) -> None:
    checkpoint = small(folder / "pleura-small-192.safetensors")
    export(checkpoint, folder, pleura)
    run(folder, **{"SIDE = 256": "SIDE = 192", "pleura-r50-256": "pleura-small-192"})
    require_same_mask(folder, checkpoint)
