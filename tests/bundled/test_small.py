"""The small checkpoint: named in every answer, cheap, and close to its teacher, the default one."""

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.peak import count_operations
from model.checkpoint import load_checkpoint, read_checkpoint, read_metadata
from model.engines import choose_engine
from model.engines.openvino import shared_core
from model.metrics.overlap import overlap
from model.segmenter import Segmenter
from model.weights import SMALL, checkpoint_file
from samples.phantom import phantom
from training.data.datasets import SegmentationDataset
from training.evaluation.evaluate import evaluate

from .documents import FIGURES, SETS, rows
from .serving import serving
from .test_figures import CLOSE

FILE = checkpoint_file(Path(SMALL))


@pytest.fixture(scope="module")
def small() -> Segmenter:
    return Segmenter(SMALL, device="cpu")


def test_service_names_it_in_its_answers(tmp_path: Path) -> None:
    metadata = read_metadata(FILE)
    with serving(tmp_path / "log", PLEURA_CHECKPOINT=SMALL) as client:
        assert client.get("/model").json()["engine"] == "openvino-int8"
        document = client.post("/segment", content=Path("samples/phantom.png").read_bytes()).json()
    assert document["model"]["name"] == metadata.name == "pleura-small-192"
    assert document["model"]["sha256"] == metadata.sha256
    assert document["quality"]["trusted"] is True
    assert document["heart"] is not None


def test_it_needs_less_than_four_gflop() -> None:
    metadata = read_metadata(FILE)
    network, _ = load_checkpoint(FILE)
    side = metadata.preprocessing.input_size
    assert count_operations(network, (metadata.in_channels, side, side)) < 4e9


@pytest.mark.parametrize("seed", range(3))
def test_masks_are_those_of_the_default_checkpoint(small: Segmenter, segmenter: Segmenter, seed: int) -> None:
    pixels = phantom(width=640, height=512, seed=seed).pixels
    assert overlap(small(pixels).mask, segmenter(pixels).mask).iou >= 0.9


def test_onnx_file_beside_it_holds_the_same_network() -> None:
    network, metadata = load_checkpoint(FILE)
    side = metadata.preprocessing.input_size
    x = np.random.default_rng(0).standard_normal((2, 1, side, side)).astype(np.float32)
    run = shared_core().compile_model(FILE.with_suffix(".onnx"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    with torch.inference_mode():
        expected = network.infer(torch.from_numpy(x))
    for found, part in zip(run({"image": x}).values(), expected, strict=True):
        np.testing.assert_allclose(found, part.numpy(), atol=1e-3)


@pytest.mark.slow
def test_figures_of_the_documents_are_those_of_the_weights(
    small: Segmenter, segmenter: Segmenter, shared_data: Path
) -> None:
    table = rows(FIGURES, "set, small checkpoint")
    exact = Segmenter.from_engine(
        small.metadata, choose_engine(read_checkpoint(FILE), device="cpu", engine="torch")
    )
    for name in SETS:
        images = SegmentationDataset([shared_data / name])
        mean, exact_mean = (
            np.mean([case.overlap.iou for case, _ in evaluate(one, images)]) for one in (small, exact)
        )
        assert mean == pytest.approx(float(table[name][0]), abs=CLOSE), name
        assert mean >= exact_mean - 0.003, name
