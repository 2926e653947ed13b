"""The setup of the ablations: data, base networks, training."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2

from model.segmenter import Segmenter
from model.writing.png import mask_png
from samples.phantom import phantom

from ..data.datasets import SegmentationDataset
from ..data.folders import by_stem, images_in
from ..data.transforms import gasless_transform
from ..labels.pseudo_labels import PseudoLabel, pseudo_labels, write_pseudo_label
from ..loop.fit import fit
from ..loop.hardware import Hardware
from ..loop.recipes import STRONG, Stage
from ..loop.run_state import has_state

SOURCES = ("montgomery", "shenzhen")
_PHANTOMS = 150
_CONTROL = replace(STRONG, transform=gasless_transform)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The folders of the ablations, and the amount of training.

    Attributes:
        data: Contains a folder for each of `SOURCES`, ``covid`` and ``unlabelled``.
        cleaned: Folder that `pleura clean` wrote.
        out: Folder of the results.
        base_images: Number of images that a base network is trained on, repeats included.
        images: Number of images that a variant is trained on, repeats included.
        size: Of the images, unless a variant sets it.
        hardware: To train on.
    """

    data: Path
    cleaned: Path
    out: Path
    base_images: int
    images: int
    size: int
    hardware: Hardware

    def own(self, source: str) -> list[Path]:
        """Return the training set of a source."""
        return [self.data / source / "train"]

    def clean(self, source: str) -> list[Path]:
        """Return the training set with cleaned masks."""
        return [self.cleaned / f"{source}-train"]

    def with_phantoms(self, source: str) -> list[Path]:
        """Return the training set and phantoms."""
        folder = self.out / "phantoms"
        if not folder.exists():
            _draw_phantoms(folder)
        return [*self.own(source), folder]

    def self_trained(self, source: str) -> list[Path]:
        """Return the training set and pseudo-labels of the base network on other images."""
        return [*self.own(source), *self._pseudo(source)]

    def clean_and_self_trained(self, source: str) -> list[Path]:
        """Return the training set with cleaned masks, and pseudo-labels of the base network."""
        return [*self.clean(source), *self._pseudo(source)]

    def base(self, source: str) -> Path:
        """Return the base network's checkpoint, after training it if it does not exist."""
        run = self.out / f"base-{source}"
        checkpoint = run / "last.safetensors"
        if not (run / "done").exists():
            self.train(run, self.own(source), images=self.base_images, size=self.size, learning_rate=1e-3)
            (run / "done").touch()
        return checkpoint

    def train(
        self,
        run: Path,
        data: list[Path],
        *,
        images: int,
        size: int,
        learning_rate: float,
        start_from: Path | None = None,
        **change: Any,
    ) -> int:
        """Train for one epoch with the recipe of *control* and a change; an interrupted run is repeated.

        Args:
            run: Folder of the run.
            data: The training set.
            images: Number of images to train on, rounded to whole repeats of ``data``.
            size: Of the images.
            learning_rate: The highest.
            start_from: Checkpoint to continue from.
            **change: Fields of the recipe.

        Returns:
            The number of images that were drawn.
        """
        dataset = SegmentationDataset(data)
        repeats = max(1, round(images / len(dataset)))
        stage = Stage(size=size, epochs=1, learning_rate=learning_rate)
        fit(
            replace(_CONTROL, stages=(stage,), passes=repeats, **change),
            train=dataset,
            validation=SegmentationDataset(self.data / SOURCES[0] / "validation"),
            out=run,
            start_from=start_from,
            hardware=self.hardware,
            resume=has_state(run),
            name=run.name,
        )
        (run / "state.pt").unlink()
        return repeats * len(dataset)

    def _pseudo(self, source: str) -> list[Path]:
        folders = []
        for name, within in (("covid", self.data / "covid/train/masks"), ("unlabelled", None)):
            folder = self.out / f"pseudo-{source}-{name}"
            images = self.data / "covid/train/images" if within else self.data / name
            if not folder.exists():
                teacher = Segmenter(self.base(source), device=self.hardware.device, engine="torch")
                for label in pseudo_labels(
                    [teacher], list(by_stem(images_in(images)).values()), within=within
                ):
                    if isinstance(label, PseudoLabel):
                        write_pseudo_label(label, folder)
            folders.append(folder)
        return folders


def _draw_phantoms(folder: Path) -> None:
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    for part in ("images", "masks"):
        (partial / part).mkdir(parents=True)
    for seed in range(_PHANTOMS):
        made = phantom(width=384, height=384, seed=5000 + seed)
        cv2.imwrite(str(partial / "images" / f"{seed:03}.png"), made.pixels)
        (partial / "masks" / f"{seed:03}.png").write_bytes(mask_png(made.mask))
    partial.rename(folder)
