"""``POST /segment``: segment the lungs in a radiograph; ``/segment.png`` and ``/segment.dcm`` give a file."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from model.segmenter import Segmenter
from model.stages import Inferred, Prepared

from ..answer import Answer, finish, prepare
from ..dependencies import Accepted, IntakeNow, PipelineNow, SettingsNow, accept_header
from ..disconnection import cancel_on_disconnect
from ..negotiation import Media, accepted_form, file_type
from ..openapi import UPLOAD_PROBLEMS, body, file, negotiated, problems
from ..options import DicomOptions, PictureOptions, SegmentOptions
from ..pipeline import Pipeline
from ..schemas import SegmentationDocument
from ..settings import Settings
from ..spool import contents
from ..uploads import Intake

router = APIRouter(tags=["segmentation"])

_BODY = body(raw=True, image="The radiograph: PNG, JPEG, TIFF, BMP, WebP or DICOM.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """The work of one request; see `Work`.

    Attributes:
        image: The radiograph.
        options: The options in the query.
        accepted: The media types that the client accepts, the preferred first.
        settings: The service's settings.
    """

    image: UploadFile
    options: SegmentOptions
    accepted: list[Media]
    settings: Settings

    def prepare(self, segmenter: Segmenter) -> Prepared:
        """Read the image."""
        return prepare(
            segmenter,
            contents(self.image),
            accepted=self.accepted,
            options=self.options,
            max_pixels=self.settings.max_pixels,
        )

    def finish(self, segmenter: Segmenter, prepared: Prepared, inferred: Inferred) -> Answer:
        """Make the answer; see `Work`."""
        return finish(
            segmenter,
            prepared,
            inferred,
            accepted=self.accepted,
            options=self.options,
            reject_untrusted=self.settings.reject_untrusted,
        )


async def _segment(
    request: Request,
    options: SegmentOptions,
    accepted: list[Media],
    settings: Settings,
    pipeline: Pipeline,
    intake: Intake,
) -> Answer:
    async with intake.images(request, "image") as (image,):
        options = options.model_copy(update={"form": accepted_form(accept_header(request)) or options.form})
        work = Segment(image=image, options=options, accepted=accepted, settings=settings)
        return await cancel_on_disconnect(request, pipeline.process(work))


@router.post(
    "/segment",
    summary="Segment the lungs in a chest X-ray",
    response_model=SegmentationDocument,
    responses={
        200: negotiated("The mask in a JSON document."),
        **problems(*UPLOAD_PROBLEMS, 406),
    },
    openapi_extra=_BODY,
)
async def segment(
    request: Request,
    options: Annotated[SegmentOptions, Query()],
    accepted: Accepted,
    settings: SettingsNow,
    pipeline: PipelineNow,
    intake: IntakeNow,
) -> Response:
    """Segment the lungs in a radiograph, sent in the form field `image` or as the body itself.

    The file's format is detected from its bytes, never from a name or a declared type. `/segment.png` and
    `/segment.dcm` answer with a file, whatever `Accept` says.
    """
    answer = await _segment(request, options, accepted, settings, pipeline, intake)
    return answer.response()


@router.post(
    "/segment.png",
    name="segment_png",
    summary="The same as an image",
    response_class=Response,
    responses={
        200: file("The image that `render` selects.", Media.PNG),
        **problems(*UPLOAD_PROBLEMS),
    },
    openapi_extra=_BODY,
)
async def segment_png(
    request: Request,
    options: Annotated[PictureOptions, Query()],
    settings: SettingsNow,
    pipeline: PipelineNow,
    intake: IntakeNow,
) -> Response:
    """Answer as `/segment` does with `Accept: image/png`: the 1-bit mask, or what `render` selects."""
    asked = SegmentOptions(**options.model_dump())
    answer = await _segment(request, asked, [Media.PNG], settings, pipeline, intake)
    return answer.response(media_type=file_type(accept_header(request), Media.PNG))


@router.post(
    "/segment.dcm",
    name="segment_dcm",
    summary="The same as a DICOM object",
    response_class=Response,
    responses={200: file("The DICOM SEG, or what `form` says.", Media.DICOM), **problems(*UPLOAD_PROBLEMS)},
    openapi_extra=_BODY,
)
async def segment_dcm(
    request: Request,
    options: Annotated[DicomOptions, Query()],
    settings: SettingsNow,
    pipeline: PipelineNow,
    intake: IntakeNow,
) -> Response:
    """Answer as `/segment` does with `Accept: application/dicom`, with the object that `form` selects."""
    asked = SegmentOptions(**options.model_dump())
    answer = await _segment(request, asked, [Media.DICOM], settings, pipeline, intake)
    return answer.response(media_type=file_type(accept_header(request), Media.DICOM))
