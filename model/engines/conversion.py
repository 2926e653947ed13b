"""A checkpoint to an OpenVINO model. Needs torch, once: what comes of it does not."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from shutil import disk_usage
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ..checkpoint import Checkpoint
from ..isolation import import_without_telemetry
from ..networks.unet import SegmentationNetwork
from .fingerprint import write_fingerprint
from .openvino import SOURCE_KEY

if TYPE_CHECKING:
    import openvino


_FULL = 2**20
"""Bytes: where fewer are free, the disk is full."""


class InferenceNetwork(nn.Module):
    """The network with `infer` for its forward pass, as converters want it."""

    def __init__(self, network: SegmentationNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """See `SegmentationNetwork.infer`."""
        probabilities, embedding = self.network.infer(x)
        return probabilities, embedding


def convert(checkpoint: Checkpoint) -> openvino.Model:
    """Return the checkpoint as an fp32 OpenVINO model: input ``(1, C, S, S)``, outputs probabilities and embedding.

    Batch normalisation is folded into the convolutions by OpenVINO.

    Raises:
        CheckpointError: the weights are of another shape than the metadata say.
    """
    openvino = import_without_telemetry("openvino")
    network, metadata = checkpoint.network(), checkpoint.metadata
    side = metadata.preprocessing.input_size
    example = torch.zeros(1, metadata.in_channels, side, side)
    model = openvino.convert_model(
        InferenceNetwork(network).eval(), example_input=example, input=[example.shape], dynamo=True
    )
    for output, name in zip(model.outputs, ("probabilities", "embedding"), strict=True):
        output.get_tensor().set_names({name})
    model.set_rt_info(metadata.sha256, SOURCE_KEY)
    return model


def save(model: openvino.Model, path: Path) -> None:
    """Write ``path`` (.xml), beside it the weights (.bin, as fp16) and the fingerprint of both (.sha256).

    The .xml comes last: where it lies, the model is whole. One that takes the place of another is refused
        in between.

    Raises:
        OSError: it cannot be written.
    """
    openvino = import_without_telemetry("openvino")
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=path.parent) as folder:
        temporary = Path(folder) / path.name
        try:
            openvino.save_model(model, temporary, compress_to_fp16=True)
        except RuntimeError as error:
            # OpenVINO does not say why; a full disk is full while what it wrote is still there.
            number = errno.ENOSPC if disk_usage(folder).free < _FULL else errno.EIO
            raise OSError(number, os.strerror(number), str(path)) from error
        write_fingerprint(temporary)
        for ending in (".bin", ".sha256", ".xml"):
            temporary.with_suffix(ending).replace(path.with_suffix(ending))
