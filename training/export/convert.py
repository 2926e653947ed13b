"""Converts a checkpoint to OpenVINO models, fp32 and int8, and to ONNX.

pleura export --checkpoint runs/x/best.safetensors --images DIR --out runs/x/export
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model.checkpoint import Checkpoint, CheckpointMetadata
from model.engines.conversion import InferenceNetwork, convert, save
from model.engines.openvino import SOURCE_KEY
from model.errors import ImageError
from model.isolation import import_without_telemetry
from model.margins import picture_pixels
from model.served import read_as_served

from ..data.folders import images_in
from ..errors import DataError

if TYPE_CHECKING:
    import openvino
    from torch.onnx import ONNXProgram

CALIBRATION_IMAGES = 300


def quantise(model: "openvino.Model", inputs: Sequence[NDArray[np.float32]]) -> "openvino.Model":
    """Return the model quantised to int8 by NNCF, after training.

    Args:
        model: Fp32, of `convert`.
        inputs: Network inputs ``(1, C, S, S)`` float32 of radiographs, which decide the ranges.
    """
    nncf = import_without_telemetry("nncf")
    advanced = import_without_telemetry("nncf.quantization.advanced_parameters")
    return nncf.quantize(
        model,
        nncf.Dataset(inputs),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(inputs),
        # Without VNNI, sums of 8-bit products saturate at 16 bits; halving the first layer's range
        # avoids that.
        advanced_parameters=advanced.AdvancedQuantizationParameters(
            overflow_fix=advanced.OverflowFix.FIRST_LAYER
        ),
    )


def calibration_inputs(metadata: CheckpointMetadata, folders: Sequence[Path]) -> list[NDArray[np.float32]]:
    """Return network inputs ``(1, C, S, S)`` of about `CALIBRATION_IMAGES` radiographs.

    They are taken evenly from the folders.

    Args:
        metadata: The size and channels of the input.
        folders: Folders of radiographs.

    Raises:
        DataError: There are no images, or one cannot be read; the message names it.
    """
    files = [path for folder in folders for path in images_in(folder)]
    step = max(1, len(files) // CALIBRATION_IMAGES)
    side, channels = metadata.preprocessing.input_size, metadata.in_channels
    inputs = []
    for path in files[::step]:
        try:
            radiograph = read_as_served(path, side=side)
        except ImageError as error:
            raise DataError(f"{path} cannot be read: {error}") from error
        square = metadata.preprocessing.apply(picture_pixels(radiograph))
        inputs.append(np.broadcast_to(square, (1, channels, side, side)).copy())
    return inputs


def write_models(
    checkpoint: Checkpoint, *, inputs: Sequence[NDArray[np.float32]], out: Path, onnx: bool = False
) -> list[Path]:
    """Write the checkpoint's models into ``out``.

    These are ``NAME.fp32.xml`` and ``NAME.int8.xml``, each with its ``.bin`` and its ``.sha256``.

    Args:
        checkpoint: What is exported.
        inputs: Of radiographs, for `quantise`.
        out: A folder, created if it does not exist.
        onnx: Write ``NAME.onnx`` too.

    Returns:
        The files.
    """
    metadata, stem = checkpoint.metadata, checkpoint.path.stem
    fp32 = convert(checkpoint)
    # NNCF may change its argument.
    int8 = quantise(fp32.clone(), inputs)
    int8.set_rt_info(metadata.sha256, SOURCE_KEY)
    files = []
    for precision, model in (("fp32", fp32), ("int8", int8)):
        path = out / f"{stem}.{precision}.xml"
        save(model, path)
        files += [path, path.with_suffix(".bin"), path.with_suffix(".sha256")]
    if onnx:
        files.append(_write_onnx(checkpoint, out / f"{stem}.onnx"))
    return files


def _write_onnx(checkpoint: Checkpoint, path: Path) -> Path:
    network, metadata = checkpoint.network(), checkpoint.metadata
    side = metadata.preprocessing.input_size
    example = torch.zeros(2, metadata.in_channels, side, side)
    onnx_program(InferenceNetwork(network).eval(), example).save(path, external_data=False)
    return path


def onnx_program(network: nn.Module, example: Tensor) -> "ONNXProgram":
    """Return a network as ONNX: input ``image``, outputs ``probabilities`` and ``embedding``.

    Args:
        network: Maps ``(B, C, S, S)`` to both outputs; in evaluation mode.
        example: ``(2, C, S, S)`` of the network's dtype; the program takes batches of 1 to 1,024.
    """
    program = torch.onnx.export(
        network,
        (example,),
        input_names=["image"],
        output_names=["probabilities", "embedding"],
        dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=1024)},),
        dynamo=True,
    )
    assert program is not None
    # PyTorch keeps a stack trace with each node, and so the paths of this machine.
    for node in program.model.graph.all_nodes():
        node.metadata_props.clear()
    return program
