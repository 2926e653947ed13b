"""Checkpoints: safetensors for the weights, JSON metadata beside them in the same file. No pickle, no optimiser."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError

from .errors import CheckpointError
from .preprocessing import Preprocessing
from .safetensors_header import METADATA, NOT_A_HEADER, Header, header_in, read_header, tensor_hash

if TYPE_CHECKING:
    from torch import Tensor

    from .networks.unet import SegmentationNetwork

BUNDLED = Path(__file__).parent / "weights" / "pleura-r50-256.safetensors"

UNET = "resnet50-unet"
FCN = "resnet50-fcn"
DEEPLABV3 = "resnet50-deeplabv3"

HEART = "heart"
"""Name of the heart among `CheckpointMetadata.classes`."""

LUNG_AND_HEART = ("background", "lung", HEART)

_KEY = "pleura"


class CheckpointMetadata(BaseModel):
    """What a checkpoint says of itself.

    Attributes:
        name: the model's name.
        architecture: the network's: ours, or one of torchvision's that it is compared with.
        num_classes, in_channels: arguments of the network.
        classes: what each class is, background first, where that is known; `HEART` among them for networks that find it.
        bridge_channels, decoder_channels, skip_channels, head_channels: further arguments of `ResNet50UNet`.
        preprocessing: how an image becomes the network's input.
        threshold: probability from which a pixel is lung.
        encoder_weights: what the encoder started from: ``"none"``, ``"imagenet"`` or a file's name.
        recipe: the recipe's fields.
        data: what it was trained on, folder by folder.
        figures: figures on the validation data.
        calibration: numbers of the quality model; None before `pleura calibrate`.
        git_revision: of the code that trained it.
        sha256: of the tensors' bytes, checked when the weights are loaded.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    architecture: str = UNET
    num_classes: int = 2
    classes: tuple[str, ...] = ()
    in_channels: int = 1
    bridge_channels: int = 256
    decoder_channels: tuple[int, int, int, int] = (192, 96, 64, 48)
    skip_channels: tuple[int, int, int, int] | None = None
    head_channels: int = 32
    preprocessing: Preprocessing = Preprocessing()
    threshold: float = Field(default=0.5, ge=0, le=1)
    encoder_weights: str = "none"
    recipe: dict[str, Any] = {}
    data: dict[str, Any] = {}
    figures: dict[str, Any] = {}
    calibration: dict[str, Any] | None = None
    git_revision: str | None = None
    sha256: str = ""

    def network(self) -> SegmentationNetwork:
        """The network that this checkpoint's weights fit, with random weights until they are loaded."""
        if self.architecture != UNET:
            from .networks.torchvision import TorchvisionNetwork

            return TorchvisionNetwork(
                "fcn" if self.architecture == FCN else "deeplabv3",
                num_classes=self.num_classes,
                in_channels=self.in_channels,
            )
        from .networks.unet import ResNet50UNet

        return ResNet50UNet(
            num_classes=self.num_classes,
            in_channels=self.in_channels,
            bridge_channels=self.bridge_channels,
            decoder_channels=self.decoder_channels,
            skip_channels=self.skip_channels,
            head_channels=self.head_channels,
        )


def save_checkpoint(
    path: Path, weights: dict[str, Tensor], metadata: CheckpointMetadata
) -> CheckpointMetadata:
    """Writes weights and metadata to ``path``: to a temporary name, flushed, renamed.

    Returns:
        The metadata as written, with the sha256 of the weights.
    """
    from safetensors.torch import save

    tensors = {key: value.detach().cpu().contiguous() for key, value in weights.items()}
    metadata = metadata.model_copy(update={"sha256": tensor_hash(save(tensors))})
    data = save(tensors, {_KEY: metadata.model_dump_json()})
    write_atomically(path, data)
    return metadata


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint's file as it was at one moment: weights and metadata come from the same bytes, whatever is renamed into its place.

    Attributes:
        path: where it was read; exported models lie beside it.
        data: the file.
        metadata: what it says of itself.
    """

    path: Path
    data: bytes
    metadata: CheckpointMetadata

    def weights(self) -> dict[str, Tensor]:
        """The tensors as they are stored, by name.

        Raises:
            CheckpointError: they are not what safetensors can hold.
        """
        from safetensors.torch import load

        try:
            return load(self.data)
        except SafetensorError as error:
            raise CheckpointError(
                f"The checkpoint {self.path.name} is not a whole safetensors file ({error}): copy it again."
            ) from None

    def network(self) -> SegmentationNetwork:
        """The network with its weights, in float32 and evaluation mode.

        Raises:
            CheckpointError: the weights are of another shape than the metadata say.
        """
        network = self.metadata.network()
        expected, weights = network.state_dict(), self.weights()
        wrong = [
            key
            for key in expected.keys() | weights.keys()
            if key not in weights or key not in expected or weights[key].shape != expected[key].shape
        ]
        if wrong:
            raise CheckpointError(
                f"The weights in {self.path.name} do not fit the network that its metadata describes ({len(wrong)} tensors, "
                f"{min(wrong)} first): use a checkpoint made by `pleura train`."
            )
        network.load_state_dict({key: value.to(expected[key].dtype) for key, value in weights.items()})
        return network.eval()


def read_checkpoint(path: Path) -> Checkpoint:
    """Read the whole file, once, and compare the weights with their sha256; needs no torch.

    Raises:
        CheckpointError: the file is missing, damaged, altered or of another make.
    """
    with _opened(path) as file:
        # A file that is something else need not be loaded to be refused.
        read_header(file)
        file.seek(0)
        data = file.read()
        metadata, found = _metadata_in(header_in(data), path), tensor_hash(data)
    if found != metadata.sha256:
        raise CheckpointError(
            f"The weights in {path.name} are not those that were written (sha256 differs): copy it again."
        )
    return Checkpoint(path, data, metadata)


def read_metadata(path: Path) -> CheckpointMetadata:
    """Read the metadata alone, not the weights; needs no torch.

    Raises:
        CheckpointError: no such file, not safetensors, or not Pleura's.
    """
    with _opened(path) as file:
        header = read_header(file)
    return _metadata_in(header, path)


def load_checkpoint(path: Path) -> tuple[SegmentationNetwork, CheckpointMetadata]:
    """The network of a checkpoint, in float32 and evaluation mode, and its metadata.

    Raises:
        CheckpointError: the file is missing, damaged, altered or of another make.
    """
    checkpoint = read_checkpoint(path)
    return checkpoint.network(), checkpoint.metadata


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except FileNotFoundError:
        raise CheckpointError(
            f"There is no checkpoint {path.name}: name an existing file in PLEURA_CHECKPOINT."
        ) from None
    except OSError as error:
        raise CheckpointError(
            f"The checkpoint {path.name} cannot be read ({error.strerror}): check its name and permissions."
        ) from None
    except NOT_A_HEADER as error:
        raise CheckpointError(
            f"The checkpoint {path.name} is not a whole safetensors file ({error}): copy it again."
        ) from None


def _metadata_in(header: Header, path: Path) -> CheckpointMetadata:
    metadata = header.get(METADATA)
    if not isinstance(metadata, dict) or _KEY not in metadata:
        raise CheckpointError(
            f"The checkpoint {path.name} was not written by Pleura: use one made by `pleura train`."
        )
    try:
        found = CheckpointMetadata.model_validate_json(metadata[_KEY])
    except ValidationError as error:
        field = ".".join(map(str, error.errors()[0]["loc"]))
        raise CheckpointError(
            f"The checkpoint {path.name} has metadata that this version cannot read (field {field}): train it again "
            "or use the version that wrote it."
        ) from None
    if found.architecture not in (UNET, FCN, DEEPLABV3):
        raise CheckpointError(
            f"The checkpoint {path.name} holds a {found.architecture}: use one of {UNET}, {FCN} or {DEEPLABV3}."
        )
    return found


def write_atomically(path: Path, data: bytes) -> None:
    """Writes ``data`` beside ``path``, flushes it to the disk, then renames it: never half a file under that name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
