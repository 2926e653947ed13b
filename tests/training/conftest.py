"""Phantoms in the layout of training data, and a run that was trained on them."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model.metrics.overlap import Overlap
from model.metrics.surface import Surface
from model.quality import Quality
from model.writing.png import mask_png
from samples.phantom import phantom
from training.evaluation.evaluate import Case

from .processes import Ended, Fault, run_pleura


@dataclass(frozen=True, slots=True)
class Phantoms:
    """Folders of phantoms, 64 pixels a side: training sets of 34 and 46, validation set of 6, 8 and 2."""

    first: Path
    second: Path
    validation: Path
    few: Path
    fewer: Path


class Pleura(Protocol):
    """See `run_pleura`."""

    def __call__(self, *arguments: str | Path, fault: Fault | None = None) -> Ended:
        """Runs the command."""


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Phantoms:
    folder = tmp_path_factory.mktemp("phantoms")
    return Phantoms(
        first=draw(folder / "first", range(17), mirrored=True),
        second=draw(folder / "second", range(17, 40), mirrored=True),
        validation=draw(folder / "validation", range(100, 106)),
        few=draw(folder / "few", range(8)),
        fewer=draw(folder / "fewer", range(100, 102)),
    )


@pytest.fixture(scope="session")
def pleura(tmp_path_factory: pytest.TempPathFactory) -> Pleura:
    """Runs the command ``pleura`` in a separate process."""
    folder = tmp_path_factory.mktemp("output")

    def run(*arguments: str | Path, fault: Fault | None = None) -> Ended:
        return run_pleura(folder, *arguments, fault=fault)

    return run


@pytest.fixture(scope="session")
def learning(phantoms: Phantoms) -> list[str | Path]:
    """The arguments of a run of half a minute, but for ``--out``."""
    return [
        *("train", "--data", phantoms.first, "--data", phantoms.second, "--validation", phantoms.validation),
        *("--recipe", "paper", "--size", "32", "--epochs", "4"),
    ]


@pytest.fixture(scope="session")
def learnt(tmp_path_factory: pytest.TempPathFactory, learning: list[str | Path], pleura: Pleura) -> Path:
    """The folder of that run, which was killed when it reported its second epoch, and resumed."""
    out = tmp_path_factory.mktemp("runs") / "learnt"
    command = [sys.executable, "-m", "pleura_cli", *learning, "--out", out]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("epoch   2 "):
                process.kill()
    assert process.returncode == -9
    resumed = pleura(*learning, "--out", out, "--resume")
    assert resumed.code == 0, resumed.err
    return out


class MadeUp(Protocol):
    """Makes a case with these figures."""

    def __call__(
        self,
        *,
        iou: float,
        index: int = 0,
        source: int = 0,
        stem: str | None = None,
        raw_iou: float = 0.7,
        predicted_iou: float | None = None,
        trusted: bool = True,
    ) -> Case:
        """Makes it."""


@pytest.fixture(scope="session")
def made_up() -> MadeUp:
    def make(
        *,
        iou: float,
        index: int = 0,
        source: int = 0,
        stem: str | None = None,
        raw_iou: float = 0.7,
        predicted_iou: float | None = None,
        trusted: bool = True,
    ) -> Case:
        return Case(
            index=index,
            stem=f"case-{index:02}" if stem is None else stem,
            source=source,
            overlap=Overlap(
                iou=iou, dice=iou, pixel_accuracy=0.9, precision=0.9, recall=0.9, both_empty=False
            ),
            raw_iou=raw_iou,
            surface=Surface(nsd_tolerance_px=1.0),
            loss=0.1,
            quality=Quality(predicted_iou=predicted_iou, trusted=trusted, warnings=()),
        )

    return make


def draw(folder: Path, seeds: Sequence[int], *, mirrored: bool = False) -> Path:
    """Draws phantoms into a folder; with ``mirrored`` the mirror image of each as well."""
    for seed in seeds:
        made = phantom(width=64, height=64, seed=seed)
        write_pair(folder, f"phantom-{seed:03}", made.pixels, made.mask)
        if mirrored:
            write_pair(folder, f"phantom-{seed:03}-mirrored", made.pixels[:, ::-1], made.mask[:, ::-1])
    return folder


def scalars_of(run: Path, name: str) -> dict[int, float]:
    """What TensorBoard shows of a run: value by step."""
    from tensorboard.backend.event_processing.event_accumulator import (  # type: ignore[import-untyped]
        EventAccumulator,
    )

    events = EventAccumulator(str(run / "tensorboard")).Reload()
    return {scalar.step: scalar.value for scalar in events.Scalars(name)}


def write_pair(
    folder: Path, stem: str, pixels: NDArray[np.uint8] | NDArray[np.uint16], mask: NDArray[np.bool_]
) -> None:
    """One image and its mask as PNG."""
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / "images" / f"{stem}.png"), pixels)
    (folder / "masks" / f"{stem}.png").write_bytes(mask_png(np.ascontiguousarray(mask)))
