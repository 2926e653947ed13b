"""``POST /corrected.dcm`` and ``/collection``: a corrected mask as a DICOM object, or saved for training."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import UploadFile

from model.writing.dicom.authorship import AlgorithmType, Authorship

from ..corrections import Corrected
from ..dependencies import IntakeNow, PipelineNow, SettingsNow, accept_header
from ..errors import NoCollection
from ..negotiation import BYTES, Media, file_type
from ..openapi import UPLOAD_PROBLEMS, body, problems
from ..options import CorrectedForm
from ..spool import contents

router = APIRouter(tags=["correction"])

_BODY = body(
    raw=False,
    image="The radiograph: PNG, JPEG, TIFF, BMP, WebP or DICOM.",
    mask="The corrected mask: a label map of the image's size; 0 is background, 1 the right lung, 2 the "
    "left lung.",
)
_BINARY = {"schema": {"type": "string", "format": "binary"}}


class Author(StrEnum):
    """Who made a mask."""

    SEMIAUTOMATIC = "semiautomatic"
    MANUAL = "manual"


_TYPES: dict[Author, AlgorithmType] = {Author.SEMIAUTOMATIC: "SEMIAUTOMATIC", Author.MANUAL: "MANUAL"}


class CorrectedOptions(BaseModel):
    """The query of ``/corrected.dcm``."""

    model_config = ConfigDict(extra="forbid")

    author: Author = Field(
        Author.SEMIAUTOMATIC,
        description="Segment Algorithm Type: a person corrected this service's mask, which is then named "
        "as the algorithm, or drew it alone.",
    )
    form: CorrectedForm = Field(
        CorrectedForm.SEG,
        description="The object: a segmentation (SEG), or a presentation state with the outlines (GSPS).",
    )


class CollectionDocument(BaseModel):
    """Whether corrected masks are kept here."""

    kept: bool = Field(description="The service has a folder for them.")


class CollectedDocument(BaseModel):
    """A pair that was saved."""

    name: str = Field(
        description="What its files are called, without the ending.", examples=["1f0c9e4b7a3d2856"]
    )


@router.post(
    "/corrected.dcm",
    name="corrected_dcm",
    summary="A corrected mask as a DICOM object",
    response_class=Response,
    responses={
        200: {
            "description": "The DICOM SEG, or what `form` says.",
            "content": dict.fromkeys((Media.DICOM, BYTES), _BINARY),
        },
        **problems(*UPLOAD_PROBLEMS),
    },
    openapi_extra=_BODY,
)
async def corrected_dcm(
    request: Request,
    options: Annotated[CorrectedOptions, Query()],
    settings: SettingsNow,
    pipeline: PipelineNow,
    intake: IntakeNow,
) -> Response:
    """Write a mask that a person corrected as a DICOM object of its radiograph; the network does not run."""
    segmenter = pipeline.segmenter
    async with intake.images(request, "image", "mask") as (image, mask):

        def write() -> bytes:
            corrected = _read(image, mask, max_pixels=settings.max_pixels)
            return corrected.dicom(
                segmenter.metadata,
                form=options.form,
                threshold=segmenter.metadata.threshold,
                authorship=Authorship(_TYPES[options.author]),
            )

        made = await pipeline.in_pool(write)
    return Response(made, media_type=file_type(accept_header(request), Media.DICOM))


@router.get("/collection", summary="Whether corrected masks are kept", responses=problems(401))
async def collection(settings: SettingsNow) -> CollectionDocument:
    """Whether `POST /collection` keeps what it is sent: only where the service's settings name a folder."""
    return CollectionDocument(kept=settings.collection is not None)


@router.post(
    "/collection",
    name="collect",
    summary="Keep a corrected mask for training",
    responses=problems(*UPLOAD_PROBLEMS, 409),
    openapi_extra=_BODY,
)
async def collect(
    request: Request, settings: SettingsNow, pipeline: PipelineNow, intake: IntakeNow
) -> CollectedDocument:
    """Save a radiograph and its corrected mask in the folder that PLEURA_COLLECTION names.

    `pleura train --data` reads this folder. Only pixels are saved, no headers or file names.
    """
    folder = settings.collection
    if folder is None:
        raise NoCollection(
            "Save the mask yourself, or start the service with PLEURA_COLLECTION naming a folder."
        )
    async with intake.images(request, "image", "mask") as (image, mask):

        def save() -> str:
            return _read(image, mask, max_pixels=settings.max_pixels).save(folder)

        name = await pipeline.in_pool(save)
    return CollectedDocument(name=name)


def _read(image: UploadFile, mask: UploadFile, *, max_pixels: int) -> Corrected:
    return Corrected.read(contents(image), contents(mask), max_pixels=max_pixels)
