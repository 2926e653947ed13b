"""The bundled weights from nothing but free data, step by step; what is finished is not done again.

    python -m training.pipeline --data DATA --encoder-weights FILE --out runs/free [--scale 0.2] [--jobs 2]

``--data`` holds the sets of the model card's lineage table by name. Teachers learn from Montgomery's
and wingspan's masks alone, draw masks for the images that are free but have none, and students learn
from both; the students of one round are the teachers of the next. No step reads a mask under other
terms: those serve ``pleura evaluate`` at the end. With ``--everything`` one more network learns from
all masks alike; it is not free, and shows what that costs.
"""

import argparse
import csv
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .data.folders import images_in

MASKS = ("montgomery", "wingspan")
"""Sets whose masks are free."""

UNLABELLED = {
    "shenzhen": "shenzhen/train/images",
    "nih": "unlabelled/nih",
    "hannover": "unlabelled/hannover",
    "cxnet": "unlabelled/cxnet",
    "children": "children/train/images",
}
"""Sets whose images are free and whose masks, where there are any, are not."""

FREE_LICENCES = ("CC BY 3.0", "CC BY 4.0", "listed as authorized for everyone")
"""Licences of images of ``covid`` that allow any use."""

WEIGHTS = {"montgomery": 2.0, "wingspan": 2.0, "children": 0.5}
"""How often a set is drawn beside the square root of its size; 1 where it is not named."""

NOT_FREE = ("shenzhen", "covid_lungs", "children")
"""Sets whose masks are not free."""

VALIDATION = ("montgomery", "shenzhen", "wingspan", "covid_lungs", "children")

ROUNDS = 2

EPOCHS = 4
"""Epochs of a stage, as far as its images allow: an epoch is at least one pass."""

_TWINS = (("a", "strong", 1), ("b", "harder", 2))
"""Name, augmentation and seed of two networks whose answers are compared."""


@dataclass(frozen=True, slots=True)
class Step:
    """A command of ``pleura`` that is run once; ``arguments`` are worked out when its turn comes.

    Attributes:
        starts_empty: a folder that is removed first; None where the command goes on with what a killed
            one left.
    """

    name: str
    arguments: Callable[[], list[str | Path]]
    starts_empty: Path | None = None


Chain = list[Step]
"""Steps that follow one another."""


@dataclass(frozen=True, slots=True)
class Stage:
    """How a network is trained at one image size."""

    size: int
    learning_rate: float
    augmentation: str
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """Where things lie, and how much is trained.

    Attributes:
        data, out, encoder_weights: see the module.
        scale: of the number of images that each network sees; 1 is meant for a GPU.
        options: further ones of ``pleura train``.
        everything: train the network that learns from all masks, too.
    """

    data: Path
    out: Path
    encoder_weights: str
    scale: float = 1.0
    options: Sequence[str] = ()
    everything: bool = False

    def stages(self) -> list[list[Chain]]:
        """Stages in their order; the chains of a stage do not depend on each other."""
        stages: list[list[Chain]] = [[[self._clean()]], self._pair("teacher", 0, images=(20_000, 8_000))]
        teachers = "teacher"
        for number in range(1, ROUNDS):
            stages.append(self._label(teachers, number))
            teachers = f"student-{number}"
            stages.append(self._pair(teachers, number, images=(40_000, 16_000)))
        stages.append(self._label(teachers, ROUNDS))
        last = f"student-{ROUNDS}"
        stages.append([[self._train(f"{last}-128", ROUNDS, 60_000, Stage(128, 1e-3, "strong", seed=1))]])
        stages.append(
            [
                [
                    self._train(
                        *(f"{last}-{twin}-256", ROUNDS, 40_000, Stage(256, 4e-4, augmentation, 10 + seed)),
                        f"{last}-128",
                    )
                ]
                for twin, augmentation, seed in _TWINS
            ]
        )
        networks = [self.checkpoint(f"{last}-{twin}") for twin, _, _ in _TWINS]
        out = self.out / f"{last}.safetensors"
        mean = Step("mean", lambda: ["average", *_repeated("--checkpoint", networks), "--out", out])
        stages.append([[mean, self._evaluate(out)]])
        if self.everything:
            stages.append([self._learn_from_everything()])
        return stages

    def _learn_from_everything(self) -> Chain:
        """As the last student, with the masks that are not free, cleaned, in the place of their images' pseudo-labels."""
        folders = [self.data / name / "train" for name in NOT_FREE]
        epochs, passes = self._epochs(10_000, folders)
        clean = Step(
            "clean-everything",
            lambda: [
                *("clean", "--out", self.out / "clean-everything", "--encoder-weights", self.encoder_weights),
                *("--epochs", str(epochs * passes)),
                *_repeated("--data", folders),
            ],
        )

        def masks() -> list[Path]:
            cleaned = [self.out / "clean-everything" / f"{name}-train" for name in NOT_FREE]
            return [*cleaned, *(folder for folder in self._labels(ROUNDS) if folder.name not in NOT_FREE)]

        small = self._train("everything-128", masks, 60_000, Stage(128, 1e-3, "strong", 1))
        large = self._train("everything-256", masks, 40_000, Stage(256, 4e-4, "strong", 11), "everything-128")
        return [
            clean,
            small,
            large,
            self._evaluate(self.checkpoint("everything"), report="report-everything"),
        ]

    def checkpoint(self, network: str) -> Path:
        """The last weights of a network at 256 px."""
        return self.out / f"{network}-256" / "last.safetensors"

    def _clean(self) -> Step:
        folders = [self.data / name / "train" for name in MASKS]
        epochs = self._epochs(10_000, folders)
        return Step(
            "clean",
            lambda: [
                *("clean", "--out", self.out / "clean", "--encoder-weights", self.encoder_weights),
                *("--epochs", str(epochs[0] * epochs[1])),
                *_repeated("--data", folders),
            ],
        )

    def _pair(self, name: str, labels: int, *, images: tuple[int, int]) -> list[Chain]:
        """Two networks that differ in seed and augmentation from their start, at 128 px, then at 256 px."""
        return [
            [
                self._train(f"{name}-{twin}-128", labels, images[0], Stage(128, 1e-3, augmentation, seed)),
                self._train(
                    *(f"{name}-{twin}-256", labels, images[1], Stage(256, 4e-4, augmentation, 10 + seed)),
                    f"{name}-{twin}-128",
                ),
            ]
            for twin, augmentation, seed in _TWINS
        ]

    def _train(
        self,
        name: str,
        labels: int | Callable[[], list[Path]],
        images: int,
        stage: Stage,
        start_from: str | None = None,
    ) -> Step:
        """Training on the free masks, and the pseudo-labels of a round or the folders that are given; round 0 has none."""
        run = self.out / name

        def arguments() -> list[str | Path]:
            more = self._labels(labels) if isinstance(labels, int) else labels()
            folders = [*(self.out / "clean" / f"{mask}-train" for mask in MASKS), *more]
            epochs, passes = self._epochs(images, folders)
            begin: list[str | Path] = ["--encoder-weights", self.encoder_weights]
            if start_from is not None:
                begin = ["--start-from", self.out / start_from / "last.safetensors"]
            return [
                *("train", "--recipe", "strong", "--hearts", "--out", run, *begin),
                *("--size", str(stage.size), "--learning-rate", str(stage.learning_rate)),
                *("--augmentation", stage.augmentation, "--seed", str(stage.seed)),
                *("--epochs", str(epochs), "--passes", str(passes)),
                *_repeated("--data", folders),
                *_repeated("--weight", [str(_weight(folder)) for folder in folders]),
                *_repeated("--validation", [self.data / mask / "validation" for mask in MASKS]),
                *self.options,
                *(["--resume"] if (run / "state.pt").exists() else []),
            ]

        return Step(name, arguments)

    def _label(self, teachers: str, number: int) -> list[Chain]:
        def chain(name: str, images: Path, within: Path | None) -> Chain:
            out = self._round(number) / name

            def arguments() -> list[str | Path]:
                return [
                    *("pseudo-label", "--flips", "--images", images, "--out", out),
                    *_repeated(
                        "--checkpoint", [self.checkpoint(f"{teachers}-{twin}") for twin, _, _ in _TWINS]
                    ),
                    *(("--within", within) if within else ()),
                ]

            return [Step(f"labels-{number}-{name}", arguments, starts_empty=out)]

        covid = self.data / "covid" / "train"
        return [
            *(chain(name, self.data / folder, None) for name, folder in UNLABELLED.items()),
            chain("covid", self._free_covid(), covid / "masks"),
        ]

    def _labels(self, number: int) -> list[Path]:
        folders = (self._round(number) / name for name in (*UNLABELLED, "covid"))
        return [folder for folder in folders if (folder / "images").is_dir()]

    def _round(self, number: int) -> Path:
        return self.out / f"labels-{number}"

    def _free_covid(self) -> Path:
        """A folder of the images whose own licence allows any use."""
        folder = self.out / "covid-free"
        folder.mkdir(parents=True, exist_ok=True)
        with (self.data / "covid" / "index.csv").open(newline="", encoding="utf-8") as file:
            free = {row["stem"] for row in csv.DictReader(file) if row["licence"] in FREE_LICENCES}
        for image in (self.data / "covid" / "train" / "images").iterdir():
            if image.stem in free and not (folder / image.name).exists():
                shutil.copyfile(image, folder / image.name)
        return folder

    def _evaluate(self, checkpoint: Path, *, report: str = "report") -> Step:
        return Step(
            report,
            lambda: [
                *("evaluate", "--checkpoint", checkpoint, "--out", self.out / report),
                *_repeated("--data", [self.data / name / "validation" for name in VALIDATION]),
            ],
        )

    def _epochs(self, images: int, folders: Sequence[Path]) -> tuple[int, int]:
        """Epochs and passes over the images in each, so that a network sees about so many."""
        there = sum(len(images_in(folder / "images")) for folder in folders)
        rounds = max(1, round(images * self.scale / there))
        epochs = min(EPOCHS, rounds)
        return epochs, max(1, round(rounds / epochs))


def run(step: Step, out: Path) -> None:
    """Runs a step that is not finished; what it says goes into a file beside its results.

    Raises:
        CalledProcessError: it failed.
    """
    done = out / "done" / step.name
    if done.exists():
        return
    if step.starts_empty is not None:
        shutil.rmtree(step.starts_empty, ignore_errors=True)
    done.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pleura_cli", *map(str, step.arguments())]
    with (out / f"{step.name}.log").open("a", encoding="utf-8") as log:
        log.write(" ".join(command) + "\n")
        log.flush()
        subprocess.run(command, stdout=log, stderr=log, check=True)
    done.touch()


def run_chain(chain: Chain, out: Path) -> None:
    """Runs steps one after the other, and says on standard output which is finished.

    Raises:
        CalledProcessError: one failed; those after it are not run.
    """
    for step in chain:
        run(step, out)
        print(step.name, flush=True)  # noqa: T201


def _repeated(option: str, values: Sequence[str | Path]) -> list[str | Path]:
    return [part for value in values for part in (option, value)]


def _weight(folder: Path) -> float:
    return WEIGHTS.get(folder.name.removesuffix("-train"), 1.0)


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(
        prog="python -m training.pipeline", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--encoder-weights", required=True, help="a file, imagenet or none")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--scale", type=float, default=1.0, help="of the images that each network sees")
    parser.add_argument("--jobs", type=int, default=1, help="steps that run side by side where they can")
    parser.add_argument("--train-option", action="append", default=[], help="passed to pleura train as it is")
    parser.add_argument("--everything", action="store_true", help="train the network that is not free, too")
    arguments = parser.parse_args()
    pipeline = Pipeline(
        data=arguments.data,
        out=arguments.out,
        encoder_weights=arguments.encoder_weights,
        scale=arguments.scale,
        options=arguments.train_option,
        everything=arguments.everything,
    )
    arguments.out.mkdir(parents=True, exist_ok=True)
    for stage in pipeline.stages():
        with ThreadPoolExecutor(arguments.jobs) as pool:
            list(pool.map(lambda chain: run_chain(chain, arguments.out), stage))


if __name__ == "__main__":
    main()
