"""``GET /model``: what is served."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from model.checkpoint import CheckpointMetadata
from model.segmenter import Segmenter

from ..dependencies import KeyHeld, LifecycleNow, PipelineNow
from ..openapi import problems

router = APIRouter(tags=["model"])


class ModelDocument(BaseModel):
    """The checkpoint that is served, and what runs it."""

    name: str = Field(description="The checkpoint's name.", examples=["pleura-r50-256"])
    sha256: str = Field(description="Hash of its weights.")
    architecture: str = Field(description="The network's.", examples=["resnet50-unet"])
    num_classes: int = Field(
        description="Classes of the network's logits, background included.", examples=[2]
    )
    in_channels: int = Field(description="Channels of the network's input.", examples=[1])
    preprocessing: dict[str, Any] = Field(
        description="How an image becomes the network's input.",
        examples=[{"input_size": 256, "resize": "stretch", "normalisation": "zscore"}],
    )
    threshold: float = Field(description="Probability from which a pixel is lung.", examples=[0.5])
    encoder_weights: str = Field(description="What the encoder started from.", examples=["none", "imagenet"])
    recipe: dict[str, Any] = Field(description="How it was trained.")
    data: dict[str, Any] = Field(description="What it was trained on.")
    figures: dict[str, Any] = Field(description="Figures on the validation data.")
    calibration: dict[str, Any] | None = Field(
        description="How well it judges its own masks; null where it was not calibrated."
    )
    git_revision: str | None = Field(description="Of the code that trained it.")
    engine: str = Field(
        description="What runs the network, and in which precision.", examples=["openvino-int8"]
    )
    device: str = Field(description="Where it runs.", examples=["cpu"])


@router.get(
    "/model",
    summary="The checkpoint's metadata",
    response_description="The metadata, and what runs the checkpoint.",
    responses=problems(401, 503),
)
async def describe(pipeline: PipelineNow) -> ModelDocument:
    """What is known about the checkpoint that is served, and what runs it."""
    return _document(pipeline.segmenter)


@router.post(
    "/model/reload",
    summary="Reload the checkpoint",
    dependencies=[KeyHeld],
    responses=problems(401, 403, 409, 503),
)
async def reload(lifecycle: LifecycleNow) -> ModelDocument:
    """Loads the checkpoint that the settings name once more, while the one that there was serves, and swaps them when the new one is
    warm. No request is dropped. A checkpoint that cannot be served is refused, and the old one goes on. It needs a key; where the
    service was started without, send the process SIGHUP.
    """
    return _document(await lifecycle.reload())


def _document(segmenter: Segmenter) -> ModelDocument:
    metadata = segmenter.metadata.model_dump(include=set(ModelDocument.model_fields))
    metadata["figures"] = metadata["figures"] or _calibration_figures(segmenter.metadata)
    if metadata["calibration"] is not None:
        # The fitted numbers themselves are long, and mean nothing to a reader.
        metadata["calibration"] = metadata["calibration"].get("figures", {})
    return ModelDocument(
        **metadata,
        engine=segmenter.engine.name,
        device=segmenter.engine.device,
    )


def _calibration_figures(metadata: CheckpointMetadata) -> dict[str, Any]:
    """The validation figures that an older `pleura calibrate` left in the calibration, of a mean of checkpoints the only ones."""
    known = (metadata.calibration or {}).get("figures", {})
    mean_iou = known.get("threshold", {}).get(str(metadata.threshold))
    if mean_iou is None:
        return {}
    images = known.get("images", {}).get("labelled: as it is")
    return {"validation": {"all": {"images": images, "mean_iou": mean_iou}}}
