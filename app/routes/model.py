"""``GET /model`` and ``POST /model/reload``: the checkpoint that is served."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from model.checkpoint import CheckpointMetadata
from model.segmenter import Segmenter

from ..dependencies import KeyHeld, LifecycleNow, PipelineNow
from ..openapi import problems

router = APIRouter(tags=["model"])


class ModelDocument(BaseModel):
    """The metadata of the served checkpoint, its engine and device."""

    name: str = Field(description="The checkpoint's name.", examples=["pleura-r50-256"])
    sha256: str = Field(description="Hash of its weights.")
    architecture: str = Field(description="The network's architecture.", examples=["resnet50-unet"])
    num_classes: int = Field(
        description="Classes of the network's logits, background included.", examples=[2]
    )
    in_channels: int = Field(description="Channels of the network's input.", examples=[1])
    preprocessing: dict[str, Any] = Field(
        description="How an image is turned into the network's input.",
        examples=[{"input_size": 256, "resize": "stretch", "normalisation": "zscore"}],
    )
    threshold: float = Field(description="Probability from which a pixel is lung.", examples=[0.5])
    encoder_weights: str = Field(
        description="The initial weights of the encoder.", examples=["none", "imagenet"]
    )
    recipe: dict[str, Any] = Field(description="The training recipe.")
    data: dict[str, Any] = Field(description="The training data.")
    figures: dict[str, Any] = Field(description="Figures on the validation data.")
    calibration: dict[str, Any] | None = Field(
        description="Figures of the quality model; null where the checkpoint has none."
    )
    git_revision: str | None = Field(description="The revision of the code that trained it.")
    engine: str = Field(
        description="The engine that runs the network, and its precision.", examples=["openvino-int8"]
    )
    device: str = Field(description="The device that runs the network.", examples=["cpu"])


@router.get(
    "/model",
    summary="The checkpoint's metadata",
    response_description="The checkpoint's metadata, its engine and device.",
    responses=problems(401, 503),
)
async def describe(pipeline: PipelineNow) -> ModelDocument:
    """Return the metadata of the served checkpoint, its engine and device."""
    return _document(pipeline.segmenter)


@router.post(
    "/model/reload",
    summary="Reload the checkpoint",
    dependencies=[KeyHeld],
    responses=problems(401, 403, 409, 503),
)
async def reload(lifecycle: LifecycleNow) -> ModelDocument:
    """Reload the configured checkpoint while the old one serves.

    The new one replaces the old one when it is warm. No request is dropped. If the new checkpoint cannot
    be served, the old one keeps serving. An API key is required; if none is configured, send the process
    SIGHUP instead.
    """
    return _document(await lifecycle.reload())


def _document(segmenter: Segmenter) -> ModelDocument:
    metadata = segmenter.metadata.model_dump(include=set(ModelDocument.model_fields))
    metadata["figures"] = metadata["figures"] or _calibration_figures(segmenter.metadata)
    if metadata["calibration"] is not None:
        # The parameters themselves are long and of no use to a reader.
        metadata["calibration"] = metadata["calibration"].get("figures", {})
    return ModelDocument(
        **metadata,
        engine=segmenter.engine.name,
        device=segmenter.engine.device,
    )


def _calibration_figures(metadata: CheckpointMetadata) -> dict[str, Any]:
    """Return the validation figures that older versions of `pleura calibrate` stored with the quality model.

    For averaged checkpoints there are no others.
    """
    known = (metadata.calibration or {}).get("figures", {})
    mean_iou = known.get("threshold", {}).get(str(metadata.threshold))
    if mean_iou is None:
        return {}
    images = known.get("images", {}).get("labelled: as it is")
    return {"validation": {"all": {"images": images, "mean_iou": mean_iou}}}
