"""Runs of ``pleura train``: what they learn, leave behind and survive."""

import csv
import os
import random
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from model.checkpoint import load_checkpoint, read_metadata, save_checkpoint
from model.networks.architectures import DEEPLABV3, FCN, SMALL_UNET
from model.reading import read_mask
from training.loop.recipes import STRONG, adapted, resumed

from ..conftest import Phantoms, Pleura, draw, scalars_of
from ..processes import Ended, Fault

pytestmark = pytest.mark.slow

DEATHS = int(os.environ.get("PLEURA_TEST_DEATHS", "3"))
"""How often the run of `test_run_killed_at_any_event_is_resumed` is killed; `make chaos` asks for more."""


def rows_of(out: Path) -> list[dict[str, str]]:
    with (out / "epochs.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def state_of(out: Path) -> dict[str, Any]:
    state: dict[str, Any] = torch.load(out / "state.pt", weights_only=True)
    return state


def require_same(one: Any, other: Any) -> None:
    """Every tensor bit for bit, every value."""
    assert type(one) is type(other)
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            require_same(one[key], other[key])
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            require_same(a, b)
    else:
        assert one == other


def require_same_run(one: Path, other: Path) -> None:
    for name in ("last.safetensors", "best.safetensors"):
        assert read_metadata(one / name).sha256 == read_metadata(other / name).sha256
    require_same(state_of(one), state_of(other))
    assert rows_of(one) == rows_of(other)


def complaint(ended: Ended) -> str:
    """The one line that a command ends with where something is wrong."""
    assert ended.code == 1
    assert "Traceback" not in ended.err
    line = ended.err.splitlines()[-1]
    assert line.startswith("pleura: ")
    return line


def short(phantoms: Phantoms, out: Path, *more: str, data: Path | None = None) -> list[str | Path]:
    """A run of a few seconds: one step in each epoch."""
    return [
        *("train", "--data", data or phantoms.few, "--validation", phantoms.fewer, "--out", out),
        *("--recipe", "paper", "--size", "32", "--epochs", "2", *more),
    ]


def test_network_learns_the_lungs(learnt: Path) -> None:
    assert float(rows_of(learnt)[-1]["validation_iou"]) > 0.6
    assert float(rows_of(learnt)[0]["validation_iou"]) < 0.4


def test_killed_and_resumed_run_equals_one_that_was_not_killed(
    learnt: Path, learning: list[str | Path], pleura: Pleura, tmp_path: Path
) -> None:
    # Neither does it matter how many processes read the images.
    ended = pleura(*learning, "--out", tmp_path / "whole", "--workers", "2")
    assert ended.code == 0
    require_same_run(tmp_path / "whole", learnt)


def test_each_epoch_is_written_once(learnt: Path) -> None:
    rows = rows_of(learnt)
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    assert {row["size"] for row in rows} == {"32"}
    for name in ("loss", "pixel_accuracy", "iou"):
        for part in ("train", "validation"):
            scalars = scalars_of(learnt, f"{part}/{name}")
            assert list(scalars) == [1, 2, 3, 4]
            assert list(scalars.values()) == pytest.approx([float(row[f"{part}_{name}"]) for row in rows])


def test_options_replace_the_settings_of_the_recipe(
    pleura: Pleura, phantoms: Phantoms, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    options = ("--epochs", "1", "--passes", "3", "--learning-rate", "0.002", "--augmentation", "harder")
    ended = pleura(*short(phantoms, out, *options))
    assert ended.code == 0, ended.err
    recipe = read_metadata(out / "last.safetensors").recipe
    assert recipe["stages"] == [{"size": 32, "epochs": 1, "learning_rate": 0.002}]
    assert recipe["passes"] == 3
    assert recipe["transform"] == "harder_transform"


def test_run_reports_its_device_and_its_result(pleura: Pleura, phantoms: Phantoms, tmp_path: Path) -> None:
    out = tmp_path / "first try"
    ended = pleura(*short(phantoms, out))
    assert ended.code == 0, ended.err
    begin, *epochs = ended.err.splitlines()
    assert re.fullmatch(
        r"Training on the CPU with \d+ threads? in (fp32|bf16): "
        r"8 images, 2 for validation, 2 epochs \(2 at 32 px\)\.",
        begin,
    )
    assert [epochs[0][:9], epochs[2][:9]] == ["epoch   1", "epoch   2"]
    assert re.fullmatch(r"About \d+ (s|min) left for 1 epoch\.", epochs[1])
    best = max(rows_of(out), key=lambda row: float(row["validation_iou"]))
    first, _, *commands = ended.out.splitlines()
    assert first == (
        f"Best: epoch {best['epoch']} of 2, validation IoU {float(best['validation_iou']):.4f}, "
        f"in {out}/best.safetensors. The last epoch is in {out}/last.safetensors."
    )
    assert [line.split()[:2] for line in commands[:2]] == [["pleura", "evaluate"], ["pleura", "calibrate"]]
    judged = pleura(*shlex.split(commands[0])[1:], "--device", "cpu", "--engine", "torch")
    assert judged.code == 0, judged.err
    assert (out / "report" / "report.html").exists()


def test_a_checkpoint_has_the_name_of_its_run(pleura: Pleura, phantoms: Phantoms, tmp_path: Path) -> None:
    for more, name in (((), "mine"), (("--name", "other"), "other")):
        out = tmp_path / str(len(more)) / "mine"
        assert pleura(*short(phantoms, out, "--epochs", "1", *more)).code == 0
        assert read_metadata(out / "best.safetensors").name == name


def test_finished_run_is_reported_and_can_be_prolonged(
    pleura: Pleura, phantoms: Phantoms, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    assert pleura(*short(phantoms, out)).code == 0
    before = (out / "state.pt").read_bytes()
    as_given = short(phantoms, out, "--resume")
    # Without --epochs, the recipe's own are not meant: the run's are.
    at = as_given.index("--epochs")
    for given in (as_given, [*as_given[:at], *as_given[at + 2 :]]):
        again = pleura(*given)
        assert again.code == 0, again.err
        assert f"The run in {out} was finished already, all 2 epochs: nothing was trained." in again.out
        assert again.err == ""
    assert (out / "state.pt").read_bytes() == before

    fewer = pleura(*short(phantoms, out, "--resume", "--epochs", "1"))
    assert "was started with another recipe" in complaint(fewer)

    longer = pleura(*short(phantoms, out, "--resume", "--epochs", "4"))
    assert longer.code == 0, longer.err
    assert "4 epochs (4 at 32 px), 2 of them done." in longer.err
    assert [row["epoch"] for row in rows_of(out)] == ["1", "2", "3", "4"]
    assert read_metadata(out / "last.safetensors").recipe["stages"][0]["epochs"] == 4
    assert (
        "was finished already, all 4 epochs" in pleura(*short(phantoms, out, "--resume", "--epochs", "4")).out
    )


def test_prolonged_run_that_is_killed_is_resumed(pleura: Pleura, phantoms: Phantoms, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for out in (whole, killed):
        assert pleura(*short(phantoms, out)).code == 0
    assert pleura(*short(phantoms, whole, "--resume", "--epochs", "4")).code == 0
    # In each of the steps and saves that follow.
    for event in (1, 2, 3):
        ended = pleura(*short(phantoms, killed, "--resume", "--epochs", "4"), fault=Fault("killed", event))
        assert ended.code == -9
    assert pleura(*short(phantoms, killed, "--resume", "--epochs", "4")).code == 0
    require_same_run(whole, killed)


def test_finished_stages_keep_their_epochs() -> None:
    asked = adapted(STRONG, epochs=9)
    assert [stage.epochs for stage in resumed(asked, [56, 18], prolonged=True).stages] == [56, 9]
    assert [stage.epochs for stage in resumed(asked, [56, 18], prolonged=False).stages] == [56, 18]
    assert resumed(asked, [], prolonged=False) == asked
    assert resumed(asked, [4], prolonged=True) == asked


def test_strong_learns_from_twenty_images(pleura: Pleura, tmp_path: Path) -> None:
    """One step an epoch: running statistics alone would find nothing for nine epochs."""
    draw(tmp_path / "data", range(20))
    draw(tmp_path / "validation", range(100, 106))
    out = tmp_path / "run"
    folders = ("--data", tmp_path / "data", "--validation", tmp_path / "validation", "--out", out)
    options = ("--recipe", "strong", "--size", "64", "--epochs", "6", "--learning-rate", "0.001")
    ended = pleura("train", *folders, *options)
    assert ended.code == 0, ended.err
    ious = [float(row["validation_iou"]) for row in rows_of(out)]
    assert ious[-1] > 0.5
    assert min(ious[2:]) > 0.2


def test_curves_are_a_png(learnt: Path) -> None:
    picture = cv2.imread(str(learnt / "curves.png"))
    assert picture is not None
    assert picture.shape[1] > picture.shape[0] > 300


def test_last_and_best_checkpoints_have_the_weights_of_their_epochs(learnt: Path) -> None:
    rows = rows_of(learnt)
    best = max(rows, key=lambda row: float(row["validation_iou"]))
    for name, row in (("last", rows[-1]), ("best", best)):
        _, metadata = load_checkpoint(learnt / f"{name}.safetensors")
        assert metadata.preprocessing.input_size == 32
        assert metadata.recipe["name"] == "paper"
        assert metadata.encoder_weights == "none"
        assert [root["images"] for root in metadata.data["train"]] == [34, 46]
        assert metadata.figures["validation_at_input_size"]["epoch"] == int(row["epoch"])


def test_run_leaves_no_incomplete_files(learnt: Path) -> None:
    left = {"last.safetensors", "best.safetensors", "state.pt", "epochs.csv", "curves.png", "tensorboard"}
    assert {path.name for path in learnt.iterdir()} == left | {".lock"}


def test_run_is_not_overwritten(learnt: Path, learning: list[str | Path], pleura: Pleura) -> None:
    before = {path: path.stat().st_mtime_ns for path in learnt.iterdir() if path.is_file() and path.suffix}
    line = complaint(pleura(*learning, "--out", learnt))
    assert (
        line == f"pleura: {learnt} holds a run already: add --resume to go on with it, or name another --out."
    )
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_resuming_a_finished_run_changes_nothing(
    learnt: Path, learning: list[str | Path], pleura: Pleura
) -> None:
    before = (learnt / "state.pt").stat().st_mtime_ns
    assert pleura(*learning, "--out", learnt, "--resume").code == 0
    assert (learnt / "state.pt").stat().st_mtime_ns == before


def test_resuming_with_another_recipe_is_rejected(
    learnt: Path, learning: list[str | Path], pleura: Pleura
) -> None:
    line = complaint(pleura(*learning, "--out", learnt, "--resume", "--seed", "1"))
    assert "was started with another recipe, seed or --teacher: resume it with the same" in line


def test_run_killed_at_any_event_is_resumed(pleura: Pleura, phantoms: Phantoms, tmp_path: Path) -> None:
    run: list[str | Path] = [
        *("train", "--data", phantoms.first, "--validation", phantoms.fewer),
        *("--recipe", "strong", "--size", "32", "--epochs", "2"),
    ]
    whole = tmp_path / "whole"
    assert pleura(*run, "--out", whole).code == 0
    moments = random.Random(2)
    deaths = 0
    while deaths < DEATHS:
        out = tmp_path / f"killed-after-{deaths}"
        while True:
            resume = ["--resume"] if (out / "state.pt").exists() else []
            fault = Fault("killed", at=moments.randint(1, 10))
            ended = pleura(*run, "--out", out, *resume, fault=fault)
            if ended.code == 0:
                break
            assert ended.code == -9, ended.err
            deaths += 1
            for checkpoint in out.glob("*.safetensors"):
                load_checkpoint(checkpoint)
        require_same_run(out, whole)
        assert {path.name for path in out.iterdir()} == {path.name for path in whole.iterdir()}
        shutil.rmtree(out)


def test_nan_loss_ends_the_run_and_keeps_saved_epochs(
    pleura: Pleura, phantoms: Phantoms, tmp_path: Path
) -> None:
    # Each epoch computes two losses: that of its one step, and that of the validation.
    out = tmp_path / "run"
    line = complaint(pleura(*short(phantoms, out), fault=Fault("not_a_number", at=2)))
    assert "The loss is not a finite number in epoch 1: check the images and masks" in line
    assert line.endswith("nothing was saved.")
    assert not list(out.glob("*.safetensors"))

    line = complaint(pleura(*short(phantoms, out), fault=Fault("not_a_number", at=3)))
    assert "The loss is not a finite number in epoch 2" in line
    assert line.endswith("the epochs before it are saved.")
    assert load_checkpoint(out / "last.safetensors")[1].figures["validation_at_input_size"]["epoch"] == 1
    assert pleura(*short(phantoms, out, "--resume")).code == 0
    assert [row["epoch"] for row in rows_of(out)] == ["1", "2"]


def test_corrupt_image_is_named_before_training(pleura: Pleura, phantoms: Phantoms, tmp_path: Path) -> None:
    data = shutil.copytree(phantoms.few, tmp_path / "data")
    image = data / "images" / "phantom-005.png"
    image.write_bytes(image.read_bytes()[:-200])
    ended = pleura(*short(phantoms, tmp_path / "run", data=data))
    assert f"{image} cannot be read: " in complaint(ended)
    assert len(ended.err.splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_image_corrupted_during_the_run_is_named(pleura: Pleura, phantoms: Phantoms, tmp_path: Path) -> None:
    data, out = shutil.copytree(phantoms.few, tmp_path / "data"), tmp_path / "run"
    # The ninth event is the first step of the second epoch.
    killed = pleura(*short(phantoms, out, data=data), fault=Fault("killed", at=9))
    assert killed.code == -9
    assert (out / "state.pt").exists()
    image = data / "images" / "phantom-005.png"
    image.write_bytes(b"")
    ended = pleura(*short(phantoms, out, "--resume", "--workers", "1", data=data))
    assert f"pleura: {image} cannot be read: " in complaint(ended)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A separate file system that holds one epoch of a run, but not the next one beside it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=600m", "tmpfs", folder], capture_output=True, check=False
    )
    if mount.returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_full_disk_keeps_saved_epochs(pleura: Pleura, phantoms: Phantoms, small_disk: Path) -> None:
    out = small_disk / "run"
    line = complaint(pleura(*short(phantoms, out)))
    assert "An epoch could not be saved into" in line
    assert line.endswith("free the disk, then go on with --resume; the last saved epoch is whole.")
    assert len(state_of(out)["rows"]) == 1
    for name in ("last.safetensors", "best.safetensors"):
        load_checkpoint(out / name)
    assert not list(out.glob(".*.partial"))
    subprocess.run(["mount", "-o", "remount,size=1g", small_disk], check=True)
    assert pleura(*short(phantoms, out, "--resume")).code == 0
    assert len(state_of(out)["rows"]) == 2


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--size", "40"), "The image size 40 is not a multiple of 32: use 32."),
        (("--encoder-weights", "nowhere.pth"), "The encoder weights nowhere.pth cannot be loaded"),
        (("--resume",), "to resume from: start the run without --resume."),
    ],
)
def test_invalid_options_are_reported_in_one_line(
    pleura: Pleura, phantoms: Phantoms, tmp_path: Path, option: tuple[str, ...], message: str
) -> None:
    ended = pleura(*short(phantoms, tmp_path / "run", *option))
    assert message in complaint(ended)
    assert len(ended.err.splitlines()) == 1


def test_masks_with_values_beyond_the_classes_are_named(
    pleura: Pleura, phantoms: Phantoms, tmp_path: Path
) -> None:
    folder = shutil.copytree(phantoms.few, tmp_path / "white")
    for path in (folder / "masks").iterdir():
        cv2.imwrite(str(path), read_mask(path) * np.uint8(255))
    ended = pleura(*short(phantoms, tmp_path / "run", "--num-classes", "3", data=folder))
    assert ended.code == 1
    for path in (folder / "masks").iterdir():
        assert (
            f"{path.name} holds the value 255: save the mask as grey PNG with the classes 0 to 2" in ended.err
        )


def test_a_folder_that_cannot_be_made_is_named(pleura: Pleura, phantoms: Phantoms, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    line = complaint(pleura(*short(phantoms, tmp_path / "file" / "run")))
    assert (
        "cannot be written (Not a directory): check the folder and its disk, or name another one in --out."
        in line
    )


def test_weights_are_stored_in_half_precision(learnt: Path) -> None:
    assert (learnt / "last.safetensors").stat().st_size < 64e6
    network, _ = load_checkpoint(learnt / "last.safetensors")
    kept = state_of(learnt)["network"]
    for key, value in network.state_dict().items():
        assert np.allclose(value.numpy(), kept[key].numpy(), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(("model", "architecture"), [("fcn", FCN), ("deeplab", DEEPLABV3)])
def test_torchvision_networks_are_trained(
    model: str, architecture: str, phantoms: Phantoms, pleura: Pleura, tmp_path: Path
) -> None:
    ended = pleura(*short(phantoms, tmp_path / "run", "--model", model, "--epochs", "1"))
    assert ended.code == 0, ended.err
    checkpoint = tmp_path / "run" / "last.safetensors"
    assert read_metadata(checkpoint).architecture == architecture
    judged = pleura(
        "evaluate",
        "--data",
        phantoms.fewer,
        "--checkpoint",
        checkpoint,
        "--device",
        "cpu",
        "--engine",
        "torch",
    )
    assert judged.code == 0, judged.err
    assert "2 images, mean IoU" in judged.out
    line = complaint(pleura(*short(phantoms, tmp_path / "run", "--resume", "--epochs", "1")))
    assert "another --model" in line


def test_small_network_learns_from_its_teacher_where_masks_are_left_out(
    learnt: Path, phantoms: Phantoms, pleura: Pleura, tmp_path: Path
) -> None:
    blind = tmp_path / "blind"
    shutil.copytree(phantoms.first, blind)
    (blind / "ignore").mkdir()
    for mask in (blind / "masks").iterdir():
        pixels = cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE)
        assert pixels is not None
        cv2.imwrite(str(mask), 0 * pixels)
        cv2.imwrite(str(blind / "ignore" / mask.name), 0 * pixels + 255)
    teacher, out = learnt / "last.safetensors", tmp_path / "run"
    words = ["--model", "small", "--teacher", str(teacher), "--passes", "10", "--learning-rate", "0.05"]
    ended = pleura(*short(phantoms, out, *words, data=blind))
    assert ended.code == 0, ended.err
    metadata = read_metadata(out / "last.safetensors")
    assert metadata.architecture == SMALL_UNET
    assert metadata.recipe["teacher"] == read_metadata(teacher).sha256
    assert float(rows_of(out)[-1]["validation_iou"]) > 0.5
    line = complaint(pleura(*short(phantoms, out, *words[:2], "--resume", data=blind)))
    assert "another recipe, seed or --teacher" in line
    line = complaint(
        pleura(*short(phantoms, tmp_path / "other", *words[:4], "--recipe", "strong", data=blind))
    )
    assert "does not fit (input channels 3, not 1; normalisation unit, not zscore)" in line


def test_run_starts_from_a_checkpoint(
    learnt: Path, phantoms: Phantoms, pleura: Pleura, tmp_path: Path
) -> None:
    teacher = tmp_path / "teacher.safetensors"
    network, metadata = load_checkpoint(learnt / "last.safetensors")
    save_checkpoint(
        teacher, network.state_dict(), metadata.model_copy(update={"encoder_weights": "chests.pt"})
    )
    out = tmp_path / "adapted"
    ended = pleura(*short(phantoms, out, "--start-from", str(teacher), "--epochs", "1"))
    assert ended.code == 0, ended.err
    adapted_from = read_metadata(out / "last.safetensors")
    assert adapted_from.recipe["start_from"] == read_metadata(teacher).sha256
    assert adapted_from.encoder_weights == "chests.pt"
    # One epoch of one step at a low learning rate forgets little: an untrained network is below .4 there.
    assert float(rows_of(out)[0]["validation_iou"]) > 0.5
    line = complaint(
        pleura(*short(phantoms, tmp_path / "other", "--start-from", str(teacher), "--model", "fcn"))
    )
    assert "another shape" in line
    line = complaint(
        pleura(
            *short(
                phantoms, tmp_path / "other", "--start-from", str(teacher), "--encoder-weights", "imagenet"
            )
        )
    )
    assert "give --start-from or --encoder-weights" in line
