"""Common code of the peers: Pillow, and the network in PyTorch eager or the same OpenVINO int8 model.

Set by the environment: ``PEER_CHECKPOINT``, ``PEER_ENGINE`` (torch, openvino), ``PEER_DEVICE``,
``PEER_THREADS``, ``PEER_WORKERS``, ``PEER_BATCH``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model.checkpoint import BUNDLED, load_checkpoint, read_metadata
from model.isolation import import_without_telemetry

CHECKPOINT = Path(os.environ.get("PEER_CHECKPOINT") or BUNDLED)
DEVICE = os.environ.get("PEER_DEVICE", "cpu")
THREADS = int(os.environ.get("PEER_THREADS", "2"))
WORKERS = int(os.environ.get("PEER_WORKERS", "1"))
BATCH = int(os.environ.get("PEER_BATCH", "8"))

Network = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""``(B, 1, S, S)`` to the probability of lung ``(B, S, S)``."""


def prepare(data: bytes | Image.Image) -> tuple[NDArray[np.float32], tuple[int, int]]:
    """Prepare an image file as the checkpoint requires: ``(1, S, S)``; return it with the image size."""
    metadata = read_metadata(CHECKPOINT)
    side = metadata.preprocessing.input_size
    image = Image.open(BytesIO(data)) if isinstance(data, bytes) else data
    size = image.size
    if image.mode.startswith("I"):
        image = image.convert("F")
    elif image.mode != "L":
        image = image.convert("L")
    pixels = np.asarray(image.resize((side, side), Image.Resampling.BILINEAR), np.float32)
    low, high = np.percentile(pixels, metadata.preprocessing.clip_percentiles)
    pixels = np.clip(pixels, low, high)
    normalised = (pixels - pixels.mean()) / max(float(pixels.std()), 1e-6)
    return normalised.astype(np.float32)[None], size


def encode(lung: NDArray[np.float32], size: tuple[int, int]) -> bytes:
    """Encode the probability ``(S, S)`` as PNG mask at native size."""
    mask = Image.fromarray(((lung >= 0.5) * 255).astype(np.uint8)).resize(size, Image.Resampling.NEAREST)
    file = BytesIO()
    mask.save(file, "PNG")
    return file.getvalue()


def load(engine: str | None = None) -> Network:
    """Load the network for the engine of the environment."""
    return _openvino() if (engine or os.environ.get("PEER_ENGINE", "torch")) == "openvino" else _torch()


def _torch() -> Network:
    import torch

    torch.set_num_threads(THREADS)
    network, _ = load_checkpoint(CHECKPOINT)
    network = network.to(DEVICE)

    def run(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            logits = network(torch.from_numpy(batch).to(DEVICE))
            lung: NDArray[np.float32] = logits.softmax(1)[:, 1].cpu().numpy()
            return lung

    return run


def _openvino() -> Network:
    core = import_without_telemetry("openvino").Core()
    model = core.read_model(CHECKPOINT.with_suffix(".int8.xml"))
    compiled = core.compile_model(
        model,
        "CPU",
        {
            "INFERENCE_NUM_THREADS": THREADS,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
            # Bound to processors, the workers of one service would all sit on the first.
            "ENABLE_CPU_PINNING": False,
        },
    )

    # A request is for one thread at a time, and the exported model for one image at a time.
    request, lock = compiled.create_infer_request(), Lock()

    def run(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        with lock:
            outputs: list[Any] = [request.infer([image[None]])[0][0, 1].copy() for image in batch]
        return np.stack(outputs)

    return run
