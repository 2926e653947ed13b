"""Checkpoints: safetensors files with the weights and JSON metadata, without pickle or optimiser state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError

from .atomic import write_atomically
from .errors import CheckpointError
from .networks.architectures import ARCHITECTURES, UNET, network_of
from .preprocessing import Preprocessing
from .safetensors_header import METADATA, NOT_A_HEADER, Header, header_in, read_header, tensor_hash
from .weights import BUNDLED as BUNDLED
from .weights import checkpoint_file

if TYPE_CHECKING:
    from torch import Tensor

    from .networks.unet import SegmentationNetwork

HEART = "heart"
"""Name of the heart among `CheckpointMetadata.classes`."""
LUNG_AND_HEART = ("background", "lung", HEART)
_KEY = "pleura"


class CheckpointMetadata(BaseModel):
    """The metadata of a checkpoint.

    Attributes:
        name: The model's name.
        architecture: The network's architecture, one of `ARCHITECTURES`.
        num_classes, in_channels: Arguments of the network.
        classes: The names of the classes, background first, if known; `HEART` is among them for networks
            that segment the heart.
        bridge_channels, decoder_channels, skip_channels, head_channels: Further arguments of `ResNet50UNet`.
        preprocessing: How an image is turned into the network's input.
        threshold: Probability from which a pixel is lung.
        encoder_weights: The encoder's first weights: ``"none"``, ``"imagenet"`` or a file name.
        recipe: The fields of the recipe.
        data: The training data, by folder.
        figures: Figures on the validation data.
        calibration: Parameters of the quality model; None before `pleura calibrate`.
        git_revision: The revision of the code that trained it.
        sha256: Hash of the tensors' bytes, checked when the weights are loaded.
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
        """Return the network of this checkpoint with random weights."""
        return network_of(self)


def save_checkpoint(
    path: Path, weights: dict[str, Tensor], metadata: CheckpointMetadata
) -> CheckpointMetadata:
    """Write weights and metadata to ``path`` atomically.

    Args:
        path: The file.
        weights: The network's tensors by name, on any device.
        metadata: Its ``sha256`` is set here.

    Returns:
        The metadata as written, with the sha256 of the weights.
    """
    from safetensors.torch import save

    tensors = {key: value.detach().cpu().contiguous() for key, value in weights.items()}
    metadata = metadata.model_copy(update={"sha256": tensor_hash(save(tensors))})
    write_atomically(path, save(tensors, {_KEY: metadata.model_dump_json()}))
    return metadata


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint in memory: weights and metadata come from one read, even if the file is replaced later.

    Attributes:
        path: The path of the file; exported models are beside it.
        data: The bytes of the file.
        metadata: The metadata in the file.
    """

    path: Path
    data: bytes
    metadata: CheckpointMetadata

    def weights(self) -> dict[str, Tensor]:
        """Return the stored tensors by name.

        Raises:
            CheckpointError: The tensors cannot be parsed.
        """
        from safetensors.torch import load

        try:
            return load(self.data)
        except SafetensorError as error:
            raise CheckpointError(
                f"The checkpoint {self.path.name} is not a complete safetensors file ({error}). Copy it "
                "again."
            ) from None

    def network(self) -> SegmentationNetwork:
        """Return the network with its weights, in float32 and evaluation mode.

        Raises:
            CheckpointError: The weights do not fit the network that the metadata describe.
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
                f"The weights in {self.path.name} do not fit the network that its metadata describes "
                f"({len(wrong)} tensors, {min(wrong)} first). Use a checkpoint made by `pleura train`."
            )
        network.load_state_dict({key: value.to(expected[key].dtype) for key, value in weights.items()})
        return network.eval()


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint and verify the sha256 of its weights. This does not need torch.

    Args:
        path: A file, or the name of a bundled checkpoint; see `checkpoint_file`.

    Raises:
        CheckpointError: The file is missing, damaged, altered or not Pleura's.
    """
    path = checkpoint_file(path)
    with _opened(path) as file:
        # Check the header first, so that a large file of another kind is not loaded.
        read_header(file)
        file.seek(0)
        data = file.read()
        metadata, found = _metadata_in(header_in(data), path), tensor_hash(data)
    if found != metadata.sha256:
        raise CheckpointError(
            f"The weights in {path.name} have changed since they were written (sha256 differs). Copy the "
            "file again."
        )
    return Checkpoint(path, data, metadata)


def read_metadata(path: Path) -> CheckpointMetadata:
    """Read only the metadata of a checkpoint. This does not need torch.

    Args:
        path: As of `read_checkpoint`.

    Raises:
        CheckpointError: The file is missing, not safetensors, or not Pleura's.
    """
    path = checkpoint_file(path)
    with _opened(path) as file:
        header = read_header(file)
    return _metadata_in(header, path)


def load_checkpoint(path: Path) -> tuple[SegmentationNetwork, CheckpointMetadata]:
    """Return the network of a checkpoint, in float32 and evaluation mode, and its metadata.

    Raises:
        CheckpointError: The file is missing, damaged, altered or not Pleura's.
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
            f"There is no checkpoint {path.name}. Name an existing file, or small, in PLEURA_CHECKPOINT."
        ) from None
    except OSError as error:
        raise CheckpointError(
            f"The checkpoint {path.name} cannot be read ({error.strerror}). Check its name and permissions."
        ) from None
    except NOT_A_HEADER as error:
        raise CheckpointError(
            f"The checkpoint {path.name} is not a complete safetensors file ({error}). Copy it again."
        ) from None


def _metadata_in(header: Header, path: Path) -> CheckpointMetadata:
    metadata = header.get(METADATA)
    if not isinstance(metadata, dict) or _KEY not in metadata:
        raise CheckpointError(
            f"The checkpoint {path.name} was not written by Pleura. Use one made by `pleura train`."
        )
    try:
        found = CheckpointMetadata.model_validate_json(metadata[_KEY])
    except ValidationError as error:
        field = ".".join(map(str, error.errors()[0]["loc"]))
        raise CheckpointError(
            f"The checkpoint {path.name} has metadata that this version cannot read (field {field}). Train "
            "it again or use the version that wrote it."
        ) from None
    if found.architecture not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES[:-1])
        raise CheckpointError(
            f"The checkpoint {path.name} holds a {found.architecture}. Use one of {known} or "
            f"{ARCHITECTURES[-1]}."
        )
    return found
