"""``/v2``: the Open Inference Protocol, for clients of KServe and Triton."""

import asyncio
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from model.errors import ImageError
from model.version import installed_version
from model.writing.trust import trust_fields

from ..dependencies import IntakeNow, LifecycleNow, PipelineNow, SettingsNow
from ..disconnection import cancel_on_disconnect
from ..errors import WrongTensors
from ..open_inference.request import Inference, read_inference
from ..open_inference.response import INPUTS, OUTPUTS, wanted, write_response
from ..open_inference.schemas import (
    MODEL_NAME,
    InferenceResponse,
    ModelMetadata,
    ModelReady,
    Output,
    ServerLive,
    ServerMetadata,
    ServerReady,
)
from ..open_inference.work import Infer, InferenceAnswer, require_version, version
from ..openapi import TRUST, UPLOAD_PROBLEMS, inference_body, inference_problems
from ..pipeline import Pipeline
from ..settings import Settings

JSON_LENGTH = "Inference-Header-Content-Length"
PREFIX = "/v2"
MODEL = f"/models/{MODEL_NAME}"
VERSION = f"{MODEL}/versions/{{version}}"
"""The path of a named version. Only the paths without a version are in the OpenAPI document."""

router = APIRouter(prefix=PREFIX, tags=["open inference"])
probes = APIRouter(prefix=PREFIX, tags=["open inference"])


async def _wanted_version(request: Request) -> str | None:
    found: str | None = request.path_params.get("version")
    return found


WantedVersion = Annotated[str | None, Depends(_wanted_version)]


@probes.get("/health/live", summary="Is the process alive?")
async def server_live() -> ServerLive:
    """Answer 200 while the process is alive, whatever the state of the model."""
    return ServerLive()


@probes.get("/health/ready", summary="Is the server ready for requests?", responses=inference_problems(503))
async def server_ready(lifecycle: LifecycleNow) -> ServerReady:
    """Answer 200 if the model is loaded and warm and the service is not stopping, else 503 and the reason."""
    lifecycle.serving()
    return ServerReady()


@probes.get(f"{VERSION}/ready", name="version_ready", include_in_schema=False)
@probes.get(f"{MODEL}/ready", summary="Is the model ready for requests?", responses=inference_problems(503))
async def model_ready(pipeline: PipelineNow, wanted_version: WantedVersion) -> ModelReady:
    """Answer 200 if the model is loaded and warm and the service is not stopping, else 503 and the reason."""
    require_version(wanted_version, pipeline.segmenter)
    return ModelReady()


@router.get("", summary="The server's name, version and extensions", responses=inference_problems(401))
async def server_metadata() -> ServerMetadata:
    """Return the server's name, its version and its protocol extensions."""
    return ServerMetadata(version=installed_version(), extensions=["binary_tensor_data"])


@router.get(VERSION, name="version_metadata", include_in_schema=False)
@router.get(MODEL, summary="The model's inputs and outputs", responses=inference_problems(401, 503))
async def model_metadata(pipeline: PipelineNow, wanted_version: WantedVersion) -> ModelMetadata:
    """Return the model's version and tensors."""
    segmenter = pipeline.segmenter
    require_version(wanted_version, segmenter)
    return ModelMetadata(
        versions=[version(segmenter)], platform=segmenter.engine.name, inputs=INPUTS, outputs=OUTPUTS
    )


@router.post(f"{VERSION}/infer", name="version_infer", include_in_schema=False)
@router.post(
    f"{MODEL}/infer",
    summary="Segment the lungs in chest X-rays",
    response_model=InferenceResponse,
    response_model_exclude_none=True,
    responses={
        200: {
            "description": "The requested tensors. Binary tensors follow the JSON, and the answer is then "
            "application/octet-stream.",
            "headers": {
                JSON_LENGTH: {
                    "description": "The number of bytes of JSON in the answer; only if tensors follow.",
                    "schema": {"type": "string"},
                },
                **TRUST,
            },
        },
        **inference_problems(*UPLOAD_PROBLEMS),
    },
    openapi_extra=inference_body(),
)
async def infer(
    request: Request,
    settings: SettingsNow,
    pipeline: PipelineNow,
    intake: IntakeNow,
    wanted_version: WantedVersion,
    json_bytes: Annotated[
        int | None,
        Header(
            alias=JSON_LENGTH,
            ge=0,
            description="The number of bytes of JSON in the body, if tensors follow. Default: all.",
            examples=[180],
        ),
    ] = None,
) -> Response:
    """Segment radiographs, sent as image files in the BYTES tensor `image`.

    The outputs for each image are its mask as PNG, the document of `/segment` without the mask, the
    predicted IoU, whether the mask is trusted, and the areas of the right and the left lung.
    """
    require_version(wanted_version, pipeline.segmenter)

    async def read(upload: UploadFile) -> Inference:
        return await pipeline.in_pool(partial(read_inference, upload, json_bytes=json_bytes))

    inference = await intake.read(request, read)
    answers = await cancel_on_disconnect(
        request, _process(inference, pipeline, settings=settings, version=wanted_version)
    )
    body, length = await pipeline.in_pool(partial(write_response, inference.request, answers))
    # A reload may come between the images of a request.
    checkpoints = ", ".join(dict.fromkeys(answer.checkpoint for answer in answers))
    headers = trust_fields(*(answer.quality for answer in answers), checkpoint=checkpoints)
    if length is None:
        return Response(body, media_type="application/json", headers=headers)
    headers[JSON_LENGTH] = str(length)
    return Response(body, media_type="application/octet-stream", headers=headers)


async def _process(
    inference: Inference, pipeline: Pipeline, *, settings: Settings, version: str | None
) -> list[InferenceAnswer]:
    """Take all images through the pipeline at the same time; the first failure cancels the others."""
    count = len(inference.images)
    if count > settings.queue_size:
        raise WrongTensors(f"Send at most {settings.queue_size} images in one request.")

    async def process(number: int, work: Infer) -> InferenceAnswer:
        try:
            return await pipeline.process(work)
        except ImageError as error:
            if count == 1:
                raise
            raise type(error)(f"Image {number}: {error}") from None

    works = [
        Infer(
            image=image,
            parameters=inference.request.parameters,
            version=version,
            with_mask=Output.MASK in wanted(inference.request),
            settings=settings,
        )
        for image in inference.images
    ]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(process(number, work)) for number, work in enumerate(works, start=1)]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]
