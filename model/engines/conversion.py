"""Conversion of a checkpoint to an OpenVINO model, which needs torch; running the model does not."""

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
"""The free bytes below which the disk counts as full."""


class InferenceNetwork(nn.Module):
    """The network with `infer` as its forward pass, for the converter."""

    def __init__(self, network: SegmentationNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """See `SegmentationNetwork.infer`."""
        probabilities, embedding = self.network.infer(x)
        return probabilities, embedding


def convert(checkpoint: Checkpoint) -> openvino.Model:
    """Return the fp32 OpenVINO model: input ``(1, C, S, S)``, outputs probabilities and embedding.

    OpenVINO folds batch normalisation into the convolutions.

    Raises:
        CheckpointError: The weights do not fit the network that the metadata describe.
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
    """Write ``path`` (.xml), and beside it the weights (.bin, as fp16) and the fingerprint of both (.sha256).

    The .xml is written last, so that an existing .xml means a complete model. While one model replaces
    another, the fingerprint does not match and the model is rejected.

    Args:
        model: The model of `convert`, or its int8 version.
        path: The .xml file; the two others have its stem.

    Raises:
        OSError: The files cannot be written.
    """
    openvino = import_without_telemetry("openvino")
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=path.parent) as folder:
        temporary = Path(folder) / path.name
        try:
            openvino.save_model(model, temporary, compress_to_fp16=True)
        except RuntimeError as error:
            # OpenVINO does not give the cause. Check the disk before the partial file is removed.
            number = errno.ENOSPC if disk_usage(folder).free < _FULL else errno.EIO
            raise OSError(number, os.strerror(number), str(path)) from error
        write_fingerprint(temporary)
        for ending in (".bin", ".sha256", ".xml"):
            temporary.with_suffix(ending).replace(path.with_suffix(ending))
