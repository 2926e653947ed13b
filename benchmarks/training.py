"""Training throughput: ``python -m benchmarks.training [--device cuda]``, see ``make bench-training``.

Two loops train the same network on the same phantoms of 512² in one run: `training.loop.fit` with the
recipe ``strong``, its augmentation and its loader; and what one would write without it, with
torchvision's transforms, fp32 and the default layout. The augmentation of ``strong`` is much the
heavier. Its loader is then run alone: where that is not faster than the loop, the images are what the
network waits for.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import cv2
import numpy as np
import torch
from PIL import Image
from rich.console import Console
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import tv_tensors
from torchvision.transforms import v2

from model.checkpoint import CheckpointMetadata
from model.networks.unet import SegmentationNetwork
from model.weights import BUNDLED
from samples.phantom import phantom
from training.data.datasets import SegmentationDataset
from training.loop.batches import StageBatches
from training.loop.distributed import ALONE
from training.loop.fit import fit
from training.loop.hardware import Hardware, prepare_device
from training.loop.progress import Progress
from training.loop.recipes import STRONG, Recipe, adapted

from .fp32 import true_fp32
from .images import RESULTS
from .machine import describe_machine
from .tables import training

SIDE = 512
PHANTOMS = 8
"""Drawn ones; the others are copies, which cost as much to read."""


class Clock(Progress):
    """Note when each step ended."""

    ends: list[float]

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        type(self).ends = []

    def step(self, done: int, total: int, loss: float) -> None:
        """See `Progress`."""
        self.ends.append(time.perf_counter())


def make_data(folder: Path, *, images: int, side: int) -> Path:
    """``images/`` and ``masks/`` of phantoms, as PNG."""
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    drawn = [phantom(width=side, height=side, seed=seed) for seed in range(min(images, PHANTOMS))]
    for index in range(images):
        made = drawn[index % len(drawn)]
        cv2.imwrite(str(folder / "images" / f"{index:04}.png"), made.pixels)
        cv2.imwrite(str(folder / "masks" / f"{index:04}.png"), made.mask.astype(np.uint8) * 255)
    return folder


def strong_loop(recipe: Recipe, data: Path, out: Path, *, hardware: Hardware) -> list[float]:
    """When each step of `fit` ended."""
    train = SegmentationDataset(data)
    with patch("training.loop.stages.Progress", Clock):
        fit(
            recipe,
            train=train,
            validation=train.subset([0]),
            out=out,
            name="benchmark",
            hardware=hardware,
        )
    return Clock.ends


class PlainDataset(Dataset[tuple[Tensor, Tensor]]):
    """Pillow and torchvision's transforms, as a tutorial has them."""

    def __init__(self, data: Path, *, size: int) -> None:
        self._images = sorted((data / "images").iterdir())
        self._masks = sorted((data / "masks").iterdir())
        self._transform = v2.Compose(
            [
                v2.RandomHorizontalFlip(),
                v2.RandomAffine(10, translate=(0.05, 0.05), scale=(0.9, 1.1)),
                v2.Resize((size, size)),
                v2.ToDtype({tv_tensors.Image: torch.float32, tv_tensors.Mask: torch.int64}, scale=True),
            ]
        )

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        image = tv_tensors.Image(v2.functional.pil_to_tensor(Image.open(self._images[index])))
        mask = tv_tensors.Mask(v2.functional.pil_to_tensor(Image.open(self._masks[index]))[0])
        x, y = self._transform(image, mask)
        return x.as_subclass(Tensor), (y.as_subclass(Tensor) > 0).long()


def plain_network(recipe: Recipe) -> SegmentationNetwork:
    """Return the network that ``fit`` trains with a recipe, from random weights."""
    return CheckpointMetadata(name="plain", in_channels=recipe.in_channels, **recipe.decoder).network()


@true_fp32()
def plain_loop(
    network: SegmentationNetwork, data: Path, *, size: int, batch_size: int, device: str
) -> list[float]:
    """When each step of a plain loop ended."""
    network = network.to(torch.device(device)).train()
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    ends = []
    batches = DataLoader(PlainDataset(data, size=size), batch_size=batch_size, shuffle=True, drop_last=True)
    for x, y in batches:
        loss = nn.functional.cross_entropy(network(x.to(device)), y.to(device))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        loss.item()
        ends.append(time.perf_counter())
    return ends


def loader_alone(recipe: Recipe, data: Path, *, hardware: Hardware) -> list[float]:
    """When each batch of the loader of ``strong`` was there."""
    train = SegmentationDataset(data)
    train.transform = recipe.transform(
        recipe.preprocessing.model_copy(update={"input_size": recipe.stages[-1].size})
    )
    batches = StageBatches(
        train,
        recipe,
        seed=0,
        workers=hardware.workers,
        pin_memory=hardware.device == "cuda",
        group=ALONE,
    )
    return [time.perf_counter() for _ in batches.epoch(0)]


def images_per_s(ends: list[float], *, batch_size: int, workers: int = 0) -> float:
    """Images a second from the end of the last step that warms up to that of the last of all.

    The first step warms up. While it runs, each worker loads two batches; a loop that waits for its loader
    would look faster with them, so that their steps are left out too.
    """
    counted = ends[_ready(workers) :]
    return (len(counted) - 1) * batch_size / (counted[-1] - counted[0])


def _ready(workers: int) -> int:
    """Return how many batches may be ready when the first step ends: what a `DataLoader` loads ahead."""
    return 2 * workers


def measure(recipe: Recipe, *, steps: int, side: int, hardware: Hardware) -> dict[str, Any]:
    """Run both loops and the loader; ``steps`` are measured of each, more of a loop without workers."""
    size, batch_size = recipe.stages[-1].size, recipe.batch_size
    plain = plain_network(recipe)
    with TemporaryDirectory() as folder:
        images = (1 + _ready(hardware.workers) + steps) * batch_size
        data = make_data(Path(folder) / "data", images=images, side=side)
        ends = {
            "plain": plain_loop(plain, data, size=size, batch_size=batch_size, device=hardware.device),
            "strong": strong_loop(recipe, data, Path(folder) / "run", hardware=hardware),
            "loader of strong, alone": loader_alone(recipe, data, hardware=hardware),
        }
    rates = {
        name: images_per_s(times, batch_size=batch_size, workers=0 if name == "plain" else hardware.workers)
        for name, times in ends.items()
    }
    inside = f"{'bf16' if hardware.mixed_precision else 'fp32'}, channels last"
    told = {
        "plain": "torchvision's transforms, fp32, default layout",
        "strong": f"all augmentation, {inside}, {hardware.workers or 'no'} workers, moving average",
        "loader of strong, alone": "reading and augmentation, no network",
    }
    return {
        "size": size,
        "batch_size": batch_size,
        "device": torch.cuda.get_device_name() if hardware.device == "cuda" else "the CPU",
        "threads": torch.get_num_threads(),
        "rows": list(_rows(rates, told)),
    }


def _rows(rates: dict[str, float], told: dict[str, str]) -> Iterator[dict[str, Any]]:
    for name, rate in rates.items():
        ratio = None if "loader" in name else rate / rates["plain"]
        yield {"name": name, "told": told[name], "rate": rate, "ratio": ratio}


def main() -> None:
    """Measures, prints, writes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("--device", choices=("auto", "cuda", "cpu"), default="auto")
    parser.add_argument("--steps", type=int, help="that are measured of each loop; 4 on a CPU, 300 on CUDA")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        print("training: not measured, there is no CUDA device here")
        return
    cv2.setNumThreads(1)
    hardware = prepare_device(options.device, mixed_precision=None)
    steps = options.steps or (300 if hardware.device == "cuda" else 4)
    recipe = adapted(STRONG, epochs=1, size=256)
    machine = describe_machine(BUNDLED, hardware.device)
    found = {"machine": machine} | measure(recipe, steps=steps, side=SIDE, hardware=hardware)
    training(found).show(Console(file=sys.stdout, width=max(120, Console().width)))
    RESULTS.mkdir(parents=True, exist_ok=True)
    name = "training-cuda" if hardware.device == "cuda" else "training"
    (RESULTS / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
