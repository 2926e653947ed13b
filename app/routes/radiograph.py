"""``POST /radiograph.png``: a radiograph as a screen can show it, before anything was found in it."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from model.reading import read
from model.writing.radiograph import radiograph_png

from ..audit import accessed
from ..dependencies import IntakeNow, PipelineNow, SettingsNow, accept_header
from ..negotiation import BYTES, Media, file_type
from ..openapi import UPLOAD_PROBLEMS, body, problems
from ..spool import contents

_BINARY = {"schema": {"type": "string", "format": "binary"}}

router = APIRouter(tags=["segmentation"])


@router.post(
    "/radiograph.png",
    name="radiograph_png",
    summary="The radiograph alone as a picture",
    response_class=Response,
    responses={
        200: {
            "description": "The radiograph in 8 bits.",
            "content": dict.fromkeys((Media.PNG, BYTES), _BINARY),
        },
        **problems(*UPLOAD_PROBLEMS),
    },
    openapi_extra=body(raw=True, image="The radiograph: PNG, JPEG, TIFF, BMP, WebP or DICOM."),
)
async def picture(
    request: Request, settings: SettingsNow, pipeline: PipelineNow, intake: IntakeNow
) -> Response:
    """Answer the image of `/segment.png?render=radiograph` without running the network."""
    async with intake.images(request, "image") as (image,):

        def write() -> bytes:
            radiograph = read(contents(image), max_pixels=settings.max_pixels)
            accessed(radiograph)
            return radiograph_png(radiograph)

        made = await pipeline.in_pool(write)
    return Response(made, media_type=file_type(accept_header(request), Media.PNG))
