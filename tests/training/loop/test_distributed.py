"""Data-parallel training: several processes train the same network as one process."""

import os
import re
import shutil
import subprocess
import sys
from functools import partial
from itertools import chain
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from model.checkpoint import load_checkpoint, read_metadata
from training.loop.batch_norm import share_batch_norm
from training.loop.distributed import ALONE, Group, join_process_group
from training.loop.losses import loss_of

from ..conftest import Phantoms, Pleura, draw
from ..processes import Ended, Fault, in_processes, run_together
from .test_fit import rows_of, state_of

pytestmark = pytest.mark.slow

PARTS = (5, 3)
"""Images of each of two processes: not the same number, as when a batch cannot be halved."""


def learner() -> nn.Sequential:
    torch.manual_seed(3)
    return nn.Sequential(nn.Conv2d(1, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 2, 3))


def batch() -> tuple[Tensor, Tensor]:
    torch.manual_seed(4)
    x = torch.randn(sum(PARTS), 1, 9, 9) * torch.arange(1, 9)[:, None, None, None] + 40
    return x, torch.randint(0, 2, (sum(PARTS), 5, 5))


def gradients(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.grad for name, value in network.named_parameters() if value.grad is not None}


def learn_in_parts(out: Path) -> None:
    with join_process_group("cpu") as group:
        network = learner()
        if not group.first:
            nn.init.zeros_(network[0].weight)  # type: ignore[arg-type]
        spread = group.wrap(network)
        x, y = (part.split(PARTS)[group.rank] for part in batch())
        logits = spread(x)
        loss = loss_of(*group.gather_batch(logits, y), dice_weight=1.0)
        loss.backward()
        network.eval()
        found = {
            "loss": loss.detach(),
            "logits": logits.detach(),
            "gradients": gradients(network),
            "buffers": dict(network.named_buffers()),
            "judged": network(x).detach(),
        }
        torch.save(found, out / f"{group.rank}.pt")


def test_step_equals_that_of_the_whole_batch(tmp_path: Path) -> None:
    """Loss with Dice, which is no mean over images; batch statistics; gradients: all as in one process."""
    in_processes(2, learn_in_parts, tmp_path)
    network = learner()
    x, y = batch()
    logits = network(x)
    loss = loss_of(logits, y, dice_weight=1.0)
    loss.backward()
    network.eval()
    judged = network(x).split(PARTS)
    for rank, own in enumerate(logits.split(PARTS)):
        found = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        close = partial(torch.testing.assert_close, rtol=1e-4, atol=1e-5)
        close(found["loss"], loss.detach())
        close(found["logits"], own.detach())
        close(found["gradients"], gradients(network))
        close(found["buffers"], dict(network.named_buffers()))
        close(found["judged"], judged[rank].detach())


def test_shared_batch_norm_keeps_the_names() -> None:
    network = learner()
    before = list(network.state_dict())
    share_batch_norm(network)
    assert list(network.state_dict()) == before
    assert type(network[1]) is not nn.BatchNorm2d


def test_parts_make_up_the_batches_of_one_process() -> None:
    draws = list(range(23))
    whole = ALONE.split_batches(draws, batch_size=5)
    assert whole == [draws[0:5], draws[5:10], draws[10:15], draws[15:20]]
    assert ALONE.split_batches(draws, batch_size=50) == [draws]


def part_of_23(out: Path) -> None:
    with join_process_group("cpu") as group:
        torch.save(group.split_batches(range(23), batch_size=5), out / f"{group.rank}.pt")


def test_each_draw_is_in_one_part(tmp_path: Path) -> None:
    in_processes(3, part_of_23, tmp_path)
    parts = [torch.load(tmp_path / f"{rank}.pt") for rank in range(3)]
    assert [list(chain(*batch)) for batch in zip(*parts, strict=True)] == ALONE.split_batches(
        range(23), batch_size=5
    )
    assert {len(part) for batches in parts for part in batches} == {1, 2}


def test_group_of_one_exchanges_nothing() -> None:
    group = Group()
    network, (x, y) = learner(), batch()
    assert group.wrap(network) is network
    assert group.gather_batch(x, y) == (x, y)
    assert group.gather(3) == [3]
    assert group.broadcast(lambda: 4) == 4


SAID_ONCE = (
    r"Training on the CPU with .*, 2 such processes: .*\.",
    r"\d+ of \d+ validation images are training images too, .*\.",
)
"""What the first process alone says of a run before its epochs."""


def complaints(ended: list[Ended]) -> list[str]:
    """Return the error lines of the processes, which must all have failed, each in one line."""
    assert all(one.code for one in ended)
    lines = [line for one in ended for line in one.err.splitlines()]
    errors = [line for line in lines if line.startswith("pleura: process ")]
    others = [line for line in lines if line not in errors]
    for form in SAID_ONCE:
        said = [line for line in others if re.fullmatch(form, line)]
        assert len(said) <= 1, said
        others = [line for line in others if line not in said]
    assert not others
    return errors


def run(phantoms: Phantoms) -> list[str | Path]:
    """The options of a run of three epochs of one step."""
    return [
        *("--data", phantoms.few, "--validation", phantoms.fewer, "--recipe", "paper"),
        *("--size", "64", "--epochs", "3", "--device", "cpu", "--no-mixed-precision"),
    ]


@pytest.fixture(scope="module")
def alone(phantoms: Phantoms, pleura: Pleura, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of that run in one process."""
    out = tmp_path_factory.mktemp("alone") / "run"
    ended = pleura("train", *run(phantoms), "--out", out)
    assert ended.code == 0, ended.err
    return out


def require_close(one: Path, other: Path) -> None:
    """Rounding apart, the weights have come the same way from their start, and the figures are the same."""
    torch.manual_seed(0)
    start = read_metadata(one / "last.safetensors").network().state_dict()
    found, expected = (state_of(out) for out in (other, one))
    for part, prefix in (("network", ""), ("average", "module.")):
        names = [name for name, value in start.items() if value.is_floating_point()]
        way, apart = (
            torch.stack([(expected[part][prefix + name] - its).norm() for name, its in values]).norm()
            for values in (
                [(name, start[name]) for name in names],
                [(name, found[part][prefix + name]) for name in names],
            )
        )
        assert apart < 0.02 * way
    for own, its in zip(expected["rows"], found["rows"], strict=True):
        assert own == pytest.approx(its, abs=2e-3)
    assert [row["epoch"] for row in rows_of(other)] == ["1", "2", "3"]
    assert {path.name for path in one.iterdir()} == {path.name for path in other.iterdir()}


def test_two_processes_train_the_weights_of_one(alone: Path, phantoms: Phantoms, tmp_path: Path) -> None:
    """As a user starts them."""
    out = tmp_path / "run"
    command: list[str | Path] = [
        Path(sys.executable).with_name("torchrun"),
        "--standalone",
        "--nproc-per-node",
        "2",
        "-m",
        "training",
    ]
    done = subprocess.run(
        [*command, *run(phantoms), "--out", out],
        cwd=Path(__file__).parents[3],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    require_close(alone, out)
    assert [line.split()[1] for line in done.stderr.splitlines() if line.startswith("epoch")] == [
        "1",
        "2",
        "3",
    ]
    assert "Warning" not in done.stderr


def test_killed_run_is_resumed_by_another_number_of_processes(
    alone: Path, phantoms: Phantoms, pleura: Pleura, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    options = [*run(phantoms), "--out", out]
    # The ninth event is the first step of the second epoch.
    killed = pleura("train", *options, fault=Fault("killed", at=9))
    assert killed.code == -9
    assert len(state_of(out)["rows"]) == 1
    # The second process validates no batch and writes no file: its second event is the first step of
    # the last epoch.
    first, second = run_together(tmp_path, 2, *options, "--resume", fault=Fault("killed", at=2), of=[1])
    assert second.code == -9
    assert first.code == 1
    assert first.err.splitlines()[-1] == (
        "pleura: process 0: Another process of this run has ended: see its message."
    )
    assert len(state_of(out)["rows"]) == 2
    load_checkpoint(out / "last.safetensors")
    resumed = pleura("train", *options, "--resume")
    assert resumed.code == 0, resumed.err
    require_close(alone, out)


def test_error_in_one_process_ends_all(phantoms: Phantoms, pleura: Pleura, tmp_path: Path) -> None:
    data = shutil.copytree(phantoms.few, tmp_path / "data")
    out = tmp_path / "run"
    options: list[str | Path] = [
        *("--data", data, "--validation", phantoms.fewer, "--recipe", "paper", "--size", "32"),
        *("--epochs", "2", "--out", out, "--device", "cpu"),
    ]
    assert pleura("train", *options, fault=Fault("killed", at=9)).code == -9
    image = data / "images" / "phantom-005.png"
    image.write_bytes(b"")
    one, other = sorted(complaints(run_together(tmp_path, 2, *options, "--resume")), key=len)
    assert "Another process of this run has ended" in one
    assert f": {image} cannot be read: " in other
    # When a run begins, the first process looks at every file.
    (line,) = complaints(run_together(tmp_path, 2, *options))
    assert line.startswith(f"pleura: process 0: {image} cannot be read: ")


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--resume",), "to resume from: start the run without --resume."),
        ((), "A batch has 1 images for 2 processes: start at most 1."),
    ],
)
def test_invalid_options_are_reported_once(more: tuple[str, ...], sentence: str, tmp_path: Path) -> None:
    data = draw(tmp_path / "data", range(1))
    options: list[str | Path] = [
        "--data",
        data,
        "--validation",
        data,
        "--out",
        tmp_path / "run",
        "--device",
        "cpu",
    ]
    (line,) = complaints(run_together(tmp_path, 2, *options, *more))
    assert line.endswith(sentence)


def test_nan_loss_is_reported_once(phantoms: Phantoms, tmp_path: Path) -> None:
    options = [*run(phantoms), "--out", tmp_path / "run"]
    (line,) = complaints(run_together(tmp_path, 2, *options, fault=Fault("not_a_number", at=1), of=[0, 1]))
    assert line.startswith("pleura: process 0: The loss is not a finite number in epoch 1")


def different(out: Path) -> None:
    with join_process_group("cpu") as group:
        try:
            group.require_same({"data": 1, "recipe": group.rank})
        except Exception as error:
            (out / str(group.rank)).write_text(f"{type(error).__name__}: {error}")


def test_processes_with_other_options_are_rejected(tmp_path: Path) -> None:
    in_processes(2, different, tmp_path)
    assert "Process 1 was started with another recipe than the first" in (tmp_path / "1").read_text()
    assert (tmp_path / "0").read_text().startswith("OtherProcessFailed: ")
