"""``POST /segment``: a radiograph to the mask of its lungs."""

from dataclasses import dataclass, replace
from time import perf_counter
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from model.checkpoint import CheckpointMetadata
from model.reading import read
from model.segmentation import Segmentation
from model.segmenter import Inferred, Prepared, Segmenter
from model.writing.overlay import overlay_png
from model.writing.png import mask_png
from model.writing.radiograph import radiograph_png
from model.writing.seg import dicom_seg

from ..dependencies import Accepted, IntakeNow, PipelineNow, SettingsNow
from ..disconnection import unless_gone
from ..document import describe, require_trust, timing
from ..negotiation import Media, choose
from ..openapi import UPLOAD_PROBLEMS, body, problems
from ..options import Render, SegmentOptions
from ..pipeline import Answer
from ..schemas import SegmentationDocument
from ..settings import Settings
from ..uploads import contents

router = APIRouter(tags=["segmentation"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One request's work."""

    image: UploadFile
    options: SegmentOptions
    accepted: list[Media]
    settings: Settings

    def prepare(self, segmenter: Segmenter) -> Prepared:
        """Reads the image."""
        start = perf_counter()
        source = contents(self.image)
        most = self.settings.max_pixels
        if Media.PNG in self.accepted and self.options.render is not Render.MASK:
            # All of its pixels are shown, not only what the network needs.
            prepared = segmenter.prepare(read(source, max_pixels=most))
        else:
            prepared = segmenter.prepare(source, max_pixels=most)
        # Before the network runs: what cannot be written is not worth its time.
        choose(self.accepted, prepared.radiograph)
        return replace(prepared, decode_ms=(perf_counter() - start) * 1000)

    def finish(
        self, segmenter: Segmenter, prepared: Prepared, inferred: Inferred, *, queue_ms: float
    ) -> Answer:
        """Writes the answer."""
        segmentation = segmenter.finish(
            prepared, inferred, threshold=self.options.threshold, postprocess=self.options.postprocess
        )
        if self.settings.reject_untrusted:
            require_trust(segmentation)
        media = choose(self.accepted, prepared.radiograph)
        if media is Media.JSON:
            document = describe(segmentation, segmenter, encoding=self.options.mask, queue_ms=queue_ms)
            return Answer.of(document.model_dump_json().encode(), media, segmentation, document.timing_ms)
        start = perf_counter()
        written = self._write(segmentation, segmenter.metadata, media)
        encode_ms = (perf_counter() - start) * 1000
        return Answer.of(
            written, media, segmentation, timing(segmentation, queue_ms=queue_ms, encode_ms=encode_ms)
        )

    def _write(self, segmentation: Segmentation, metadata: CheckpointMetadata, media: Media) -> bytes:
        if media is Media.DICOM:
            return dicom_seg(segmentation, metadata)
        if self.options.render is Render.OVERLAY:
            return overlay_png(segmentation.radiograph, segmentation.labels)
        if self.options.render is Render.RADIOGRAPH:
            return radiograph_png(segmentation.radiograph)
        return mask_png(segmentation.mask)


@router.post(
    "/segment",
    summary="Segment the lungs in a chest X-ray",
    response_model=SegmentationDocument,
    responses={
        200: {
            "description": "The mask: as Accept asks, in a document, as an image or as a DICOM segmentation.",
            "content": {
                "image/png": {"schema": {"type": "string", "format": "binary"}},
                "application/dicom": {"schema": {"type": "string", "format": "binary"}},
            },
        },
        **problems(*UPLOAD_PROBLEMS, 406),
    },
    openapi_extra=body(raw=True, image="The radiograph: PNG, JPEG, TIFF, BMP, WebP or DICOM."),
)
async def segment(
    request: Request,
    options: Annotated[SegmentOptions, Query()],
    accepted: Accepted,
    settings: SettingsNow,
    pipeline: PipelineNow,
    intake: IntakeNow,
) -> Response:
    """Takes a radiograph, in the form field `image` or as the body itself, and gives the mask of its lungs.

    What the bytes are is found from the bytes, never from a name or a declared type.
    """
    async with intake.images(request, "image") as (image,):
        work = Segment(image=image, options=options, accepted=accepted, settings=settings)
        answer = await unless_gone(request, pipeline.process(work))
    return Response(answer.body, media_type=answer.media_type, headers={"Vary": "Accept"})
