"""Comparison of two commits: ``python -m benchmarks.compare OLD NEW``, called by ``make bench-compare``.

Each commit is checked out into a temporary folder and served from there, with this environment. The two are
measured in turn, A B B A and so on, by this commit's load generator; the one that is not measured is stopped
meanwhile. Exit code 1: a figure is worse beyond the threshold, and its confidence interval excludes 1.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from json import dumps
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console

from model.weights import BUNDLED, checkpoint_file

from .checkout import checked_out, require_own_code
from .images import PICTURES, RESULTS, Picture
from .machine import describe_machine
from .measure import load
from .ratio import Ratio, paired_ratio
from .systems import ROOT, Running, pleura, started
from .tables import Rows

LOWER_IS_BETTER = {"requests/s, 8 at a time": False, "CPU ms a request": True, "p50 ms, one at a time": True}
"""The figures, and which way is better."""

Sample = Mapping[str, float]
"""One figure of each kind, of one commit, image and round."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one figure with one image; ``ratio`` is new over old."""

    figure: str
    picture: str
    old: float
    new: float
    ratio: Ratio
    regression: bool


def order(rounds: int) -> Iterator[tuple[int, int]]:
    """Yield the commits of each round: (0, 1), (1, 0), and so on."""
    for number in range(rounds):
        yield (1, 0) if number % 2 else (0, 1)


def measure_in_turn(
    measure: Callable[[int, Picture], Sample], pictures: Sequence[Picture], *, rounds: int
) -> dict[str, tuple[list[Sample], list[Sample]]]:
    """Return the samples of both commits, by image; the first round warms both up and is not counted."""
    found: dict[str, tuple[list[Sample], list[Sample]]] = {picture.name: ([], []) for picture in pictures}
    for number, pair in enumerate(order(rounds + 1)):
        for picture in pictures:
            for which in pair:
                sample = measure(which, picture)
                if number:
                    found[picture.name][which].append(sample)
    return found


def judge(
    found: Mapping[str, tuple[Sequence[Sample], Sequence[Sample]]], *, threshold: float
) -> list[Verdict]:
    """Return a verdict for each figure and image.

    Args:
        found: The samples of the old and the new commit, by image.
        threshold: Share by which a figure may be worse.
    """
    verdicts = []
    for picture, (old, new) in found.items():
        for figure, lower in LOWER_IS_BETTER.items():
            before, after = ([sample[figure] for sample in samples] for samples in (old, new))
            ratio = paired_ratio(after, before)
            worse = (
                ratio.value > 1 + threshold and ratio.low > 1
                if lower
                else ratio.value < 1 - threshold and ratio.high < 1
            )
            verdicts.append(Verdict(figure, picture, median(before), median(after), ratio, worse))
    return verdicts


def table(verdicts: Sequence[Verdict]) -> Rows:
    """Return the verdicts as a table."""
    return Rows(
        "New over old",
        ("figure", "picture", "old", "new", "ratio", "95 % interval", ""),
        [
            (
                verdict.figure,
                verdict.picture,
                f"{verdict.old:.2f}",
                f"{verdict.new:.2f}",
                f"{verdict.ratio.value:.3f}",
                f"{verdict.ratio.low:.3f} to {verdict.ratio.high:.3f}",
                "REGRESSION" if verdict.regression else "",
            )
            for verdict in verdicts
        ],
    )


def _measure(services: Sequence[Running], *, seconds: float) -> Callable[[int, Picture], Sample]:
    def measure(which: int, picture: Picture) -> Sample:
        service = services[which]
        with service.resumed():
            before = service.cpu_s()
            many = load(service, picture, seconds=seconds, concurrency=8)
            cpu_s = service.cpu_s() - before
            one = load(service, picture, seconds=seconds, concurrency=1)
        failures = {**many["failures"], **one["failures"]}
        if failures:
            raise RuntimeError(f"{service.system.name} did not answer every request with 200: {failures}")
        return dict(
            zip(
                LOWER_IS_BETTER,
                (
                    len(many["latencies_ms"]) / many["seconds"],
                    1000 * cpu_s / many["sent"],
                    median(one["latencies_ms"]),
                ),
                strict=True,
            )
        )

    return measure


def main(words: Sequence[str] | None = None) -> int:
    """Measure both commits, print the ratios; 1 if one is a regression."""
    options = _options(words)
    console = Console(width=max(160, Console().width))
    given = os.environ.get("PLEURA_CHECKPOINT")
    before, after = _file(given), _file(options.new_checkpoint or given)
    pictures = [picture for picture in PICTURES if picture.name in options.pictures.split(",")]
    with ExitStack() as stack:
        top = Path(stack.enter_context(TemporaryDirectory(prefix="pleura-compare-")))
        names, services = [], []
        for which, commit, checkpoint in (("old", options.old, before), ("new", options.new, after)):
            tree = top / which
            try:
                names.append(stack.enter_context(checked_out(ROOT, commit, tree)))
            except ValueError as error:
                console.print(error)
                return 2
            require_own_code(tree)
            system = pleura(checkpoint, device=options.device, tree=tree, name=f"{which} {names[-1][:12]}")
            services.append(stack.enter_context(started(system)))
            services[-1].pause()
            console.print(f"{system.name}: ready after {services[-1].start_s:.1f} s", highlight=False)
        machine = describe_machine(before or BUNDLED, options.device)
        found = measure_in_turn(_measure(services, seconds=options.seconds), pictures, rounds=options.rounds)
    verdicts = judge(found, threshold=options.threshold)
    table(verdicts).show(console)
    checkpoints = {"old_checkpoint": (before or BUNDLED).stem, "new_checkpoint": (after or BUNDLED).stem}
    _write(machine | {"old": names[0], "new": names[1]} | checkpoints, found, verdicts)
    return int(any(verdict.regression for verdict in verdicts))


def _file(checkpoint: str | None) -> Path | None:
    return None if checkpoint is None else checkpoint_file(Path(checkpoint)).resolve()


def _write(
    machine: dict[str, Any],
    found: Mapping[str, tuple[Sequence[Sample], Sequence[Sample]]],
    verdicts: Sequence[Verdict],
) -> None:
    document = {
        "machine": machine,
        "verdicts": [asdict(v) | {"ratio": v.ratio._asdict()} for v in verdicts],
        "samples": found,
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "compare.json").write_text(dumps(document, indent=1) + "\n")


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    parser.add_argument("old", help="commit, branch or tag")
    parser.add_argument("new", help="commit, branch or tag")
    parser.add_argument("--new-checkpoint", help="served from the new commit alone; a file, or small")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--rounds", type=int, default=8, help="that count; one more warms up")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    parser.add_argument("--pictures", default="512-png8,2048-png8", help="with commas between")
    parser.add_argument("--threshold", type=float, default=0.05, help="share by which a figure may be worse")
    return parser.parse_args(words)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("stopped; nothing was written")
