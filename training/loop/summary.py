"""Messages about a run: device, images, time left, and at the end the best epoch and the next commands."""

import shlex
from collections.abc import Sequence
from pathlib import Path

import torch

from model.checkpoint import CheckpointMetadata

from .recipes import Recipe


def introduction(
    recipe: Recipe,
    *,
    images: int,
    validation: int,
    place: str,
    done: int,
) -> str:
    """Return the first line of a run: device, number of images, epochs.

    Args:
        recipe: How the network is trained.
        images: In the training set.
        validation: Images in the validation set.
        place: See `place_of`.
        done: Epochs before a resumption.
    """
    stages = " and ".join(f"{stage.epochs} at {stage.size} px" for stage in recipe.stages)
    epochs = sum(stage.epochs for stage in recipe.stages)
    behind = f", {done} of them done" if done else ""
    return (
        f"Training on {place}: {_count(images, 'image')}, {validation} for validation, "
        f"{_count(epochs, 'epoch')} ({stages}){behind}."
    )


def place_of(device: str, *, mixed_precision: bool, workers: int, processes: int = 1) -> str:
    """Return the device in words, for the summary of a run.

    Args:
        device: ``"cpu"`` or ``"cuda"``.
        mixed_precision: Whether bf16 is used.
        workers: Processes that read images; 0 is not mentioned.
        processes: Processes of the group, one for each GPU.
    """
    if device == "cuda":
        name, threads = torch.cuda.get_device_name(), ""
    else:
        name, threads = "the CPU", f" with {_count(torch.get_num_threads(), 'thread')}"
    parts = [f"{name}{threads} in {'bf16' if mixed_precision else 'fp32'}"]
    if workers:
        parts.append(f"{_count(workers, 'process', 'processes')} that read images")
    if processes > 1:
        parts.append(f"{processes} such processes")
    return ", ".join(parts)


def time_left(recipe: Recipe, *, done: int, seconds: float) -> str:
    """Return the line on the time left; time is taken to be proportional to the pixels of an epoch.

    Args:
        recipe: How the network is trained.
        done: Epochs that are done.
        seconds: Duration of the last one.
    """
    sizes = [stage.size for stage in recipe.stages for _ in range(stage.epochs)]
    pixels = sum(size**2 for size in sizes[done:])
    return (
        f"{_duration(seconds * pixels / sizes[done - 1] ** 2)} left for {_count(len(sizes) - done, 'epoch')}."
    )


def conclusion(best: CheckpointMetadata, out: Path, *, epochs: int, trained: int, validation: Path) -> str:
    """Return the last lines of a run: its best epoch, the checkpoints and the next commands.

    Args:
        best: Metadata of ``best.safetensors``.
        out: The run's folder.
        epochs: Of the whole run.
        trained: Epochs that this command trained.
        validation: A folder to evaluate it on.
    """
    figures = best.figures["validation_at_input_size"]
    checkpoint, calibrated = out / "best.safetensors", out / "calibrated.safetensors"
    lines = []
    if not trained:
        lines.append(
            f"The run in {out} was finished already, all {epochs} epochs: nothing was trained. "
            "To prolong it, give --resume with --epochs, the epochs of the last image size. "
            "The learning rate then follows the schedule of the longer run: it rises again first."
        )
    lines.append(
        f"Best: epoch {figures['epoch']} of {epochs}, validation IoU {figures['validation_iou']:.4f}, "
        f"in {checkpoint}. The last epoch is in {out / 'last.safetensors'}."
    )
    if best.num_classes == 2 or best.classes:
        lines += [
            "Next: evaluate it, calibrate it (without calibration no mask is called trusted), serve it:",
            _command("evaluate", checkpoint=checkpoint, data=validation, out=out / "report"),
            _command("calibrate", checkpoint=checkpoint, data=validation, out=calibrated)
            + " --frontal IMAGES --negatives DIR",
            f"  PLEURA_CHECKPOINT={shlex.quote(str(calibrated))} pleura serve",
        ]
    return "\n".join(lines)


def _command(name: str, **options: Path) -> str:
    words: Sequence[str] = [word for key, value in options.items() for word in (f"--{key}", str(value))]
    return f"  pleura {name} {shlex.join(words)}"


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"About {max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"About {minutes} min" if minutes < 100 else f"About {minutes // 60} h {minutes % 60} min"
