"""The plan of the pipeline: which networks are trained, in which order, on which folders."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..data.folders import images_in
from .data_sets import MASKS, NOT_FREE, UNLABELLED, VALIDATION, copy_free_covid, weight_of
from .steps import Chain, Step

ROUNDS = 2
"""Rounds of pseudo-labels and students."""

EPOCHS = 4
"""Largest number of epochs of a stage; with few images to draw, there are fewer."""

_TWINS = (("a", "strong", 1), ("b", "harder", 2))
"""Name, augmentation and seed of two networks whose predictions are compared."""


@dataclass(frozen=True, slots=True)
class Stage:
    """How one network is trained at one image size.

    Attributes:
        size: Side of the network's input in pixels.
        learning_rate: The highest.
        augmentation: Its name in a recipe.
        seed: Of the run.
    """

    size: int
    learning_rate: float
    augmentation: str
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """The folders of the pipeline, and the amount of training.

    Attributes:
        data: Holds the data sets by name.
        out: Holds the results of each step.
        encoder_weights: Of the first networks; see `pleura train`.
        scale: Factor of the images that each network sees; 1 is meant for a GPU.
        options: Additional options of ``pleura train``.
        everything: Also train the network on all masks.
    """

    data: Path
    out: Path
    encoder_weights: str
    scale: float = 1.0
    options: Sequence[str] = ()
    everything: bool = False

    def stages(self) -> list[list[Chain]]:
        """Return the stages in order; the chains of a stage are independent of each other."""
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
            stages.append([self._train_on_everything()])
        return stages

    def _train_on_everything(self) -> Chain:
        """Return the training on all masks: cleaned masks that are not free replace pseudo-labels."""
        folders = [self.data / name / "train" for name in NOT_FREE]
        epochs, repeats = self._epochs(10_000, folders)
        clean = Step(
            "clean-everything",
            lambda: [
                *("clean", "--out", self.out / "clean-everything", "--encoder-weights", self.encoder_weights),
                *("--epochs", str(epochs * repeats)),
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
        """Return the path of a network's last weights at 256 px."""
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
        """Return the training of two networks with different seeds and augmentation, at 128, then 256 px."""
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
        """Return training on the free masks and a round's pseudo-labels (0: none), or other folders."""
        run = self.out / name

        def arguments() -> list[str | Path]:
            more = self._labels(labels) if isinstance(labels, int) else labels()
            folders = [*(self.out / "clean" / f"{mask}-train" for mask in MASKS), *more]
            epochs, repeats = self._epochs(images, folders)
            begin: list[str | Path] = ["--encoder-weights", self.encoder_weights]
            if start_from is not None:
                begin = ["--start-from", self.out / start_from / "last.safetensors"]
            return [
                *("train", "--recipe", "strong", "--hearts", "--out", run, *begin),
                *("--size", str(stage.size), "--learning-rate", str(stage.learning_rate)),
                *("--augmentation", stage.augmentation, "--seed", str(stage.seed)),
                *("--epochs", str(epochs), "--passes", str(repeats)),
                *_repeated("--data", folders),
                *_repeated("--weight", [str(weight_of(folder)) for folder in folders]),
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
            chain("covid", copy_free_covid(self.data / "covid", self.out / "covid-free"), covid / "masks"),
        ]

    def _labels(self, number: int) -> list[Path]:
        folders = (self._round(number) / name for name in (*UNLABELLED, "covid"))
        return [folder for folder in folders if (folder / "images").is_dir()]

    def _round(self, number: int) -> Path:
        return self.out / f"labels-{number}"

    def _evaluate(self, checkpoint: Path, *, report: str = "report") -> Step:
        return Step(
            report,
            lambda: [
                *("evaluate", "--checkpoint", checkpoint, "--out", self.out / report),
                *_repeated("--data", [self.data / name / "validation" for name in VALIDATION]),
            ],
        )

    def _epochs(self, images: int, folders: Sequence[Path]) -> tuple[int, int]:
        """Return epochs and repeats per epoch with which a network sees about this number of images."""
        there = sum(len(images_in(folder / "images")) for folder in folders)
        rounds = max(1, round(images * self.scale / there))
        epochs = min(EPOCHS, rounds)
        return epochs, max(1, round(rounds / epochs))


def _repeated(option: str, values: Sequence[str | Path]) -> list[str | Path]:
    return [part for value in values for part in (option, value)]
