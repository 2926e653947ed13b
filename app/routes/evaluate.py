"""``POST /evaluate``: segment a radiograph and compare the mask with a ground truth."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from numpy.typing import NDArray
from starlette.datastructures import UploadFile

from model.errors import ImageError, SizeMismatch
from model.ground_truth import GroundTruth, parse_lung_values
from model.metrics.overlap import overlap, resize_nearest
from model.metrics.surface import surface
from model.reading import read_ground_truth
from model.segmentation import Segmentation
from model.segmenter import Segmenter
from model.stages import Inferred, Prepared
from model.writing.disagreement import disagreement_png

from ..answer import Answer, finish, prepare
from ..dependencies import Accepted, IntakeNow, PipelineNow, SettingsNow, accept_header
from ..disconnection import cancel_on_disconnect
from ..evaluation_schemas import EvaluationDocument, Metrics, Picture
from ..evaluation_schemas import GroundTruth as GroundTruthDocument
from ..negotiation import Media, accepted_form
from ..openapi import UPLOAD_PROBLEMS, body, negotiated, problems
from ..options import EvaluateOptions
from ..schemas import SegmentationDocument
from ..settings import Settings
from ..spool import contents

router = APIRouter(tags=["segmentation"])


@dataclass(frozen=True, slots=True)
class PreparedPair(Prepared):
    """A radiograph that is ready for the network, and its ground truth at the same size."""

    truth: GroundTruth = field(kw_only=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluate:
    """The work of one request; see `Work`.

    Attributes:
        image: The radiograph.
        mask: The ground truth.
        options: The options in the query.
        accepted: The media types that the client accepts, the preferred first.
        settings: The service's settings.
    """

    image: UploadFile
    mask: UploadFile
    options: EvaluateOptions
    accepted: list[Media]
    settings: Settings

    def prepare(self, segmenter: Segmenter) -> PreparedPair:
        """Read the image and the ground truth.

        Raises:
            ImageError: The image or the ground truth cannot be used.
            SizeMismatch: The ground truth has another size, and ``resize`` is not set.
        """
        most = self.settings.max_pixels
        prepared = prepare(
            segmenter,
            contents(self.image),
            accepted=self.accepted,
            options=self.options,
            max_pixels=most,
        )
        truth = self._read_truth(max_pixels=most)
        mask = truth.mask
        width, height = prepared.radiograph.width, prepared.radiograph.height
        if mask.shape != (height, width):
            if not self.options.resize:
                raise SizeMismatch(
                    f"The mask has {mask.shape[1]}×{mask.shape[0]} pixels, the image {width}×{height}. Send "
                    "a mask of the image's size, or add resize=true to the query."
                )
            truth = replace(truth, mask=resize_nearest(mask, width=width, height=height))
        return PreparedPair(prepared.radiograph, prepared.input, prepared.timing_ms, truth=truth)

    def finish(self, segmenter: Segmenter, prepared: PreparedPair, inferred: Inferred) -> Answer:
        """Make the mask and compare it with the ground truth; see `Work`."""
        raw = partial(segmenter.mask, prepared, inferred, threshold=self.options.threshold, postprocess=False)
        return finish(
            segmenter,
            prepared,
            inferred,
            accepted=self.accepted,
            options=self.options,
            reject_untrusted=self.settings.reject_untrusted,
            extend=partial(self._compare, prepared=prepared, raw=raw),
        )

    def _compare(
        self,
        segmentation: Segmentation,
        described: SegmentationDocument,
        *,
        prepared: PreparedPair,
        raw: Callable[[], NDArray[np.bool_]],
    ) -> EvaluationDocument:
        """Add the agreement with the ground truth; ``raw`` makes the mask without post-processing."""
        truth = prepared.truth
        agreement = overlap(segmentation.mask, truth.mask)
        distances = surface(segmentation.mask, truth.mask, spacing_mm=prepared.radiograph.spacing_mm)
        return EvaluationDocument(
            **dict(described),
            metrics=Metrics(
                iou=agreement.iou,
                dice=agreement.dice,
                pixel_accuracy=agreement.pixel_accuracy,
                precision=agreement.precision,
                recall=agreement.recall,
                hd95_px=distances.hd95_px,
                hd95_mm=distances.hd95_mm,
                assd_px=distances.assd_px,
                assd_mm=distances.assd_mm,
                both_empty=agreement.both_empty,
                raw_iou=overlap(raw(), truth.mask).iou,
            ),
            ground_truth=GroundTruthDocument.model_validate(
                {"notes": [asdict(note) for note in truth.notes]}
            ),
            disagreement=_disagreement(segmentation.mask, truth.mask) if self.options.disagreement else None,
        )

    def _read_truth(self, *, max_pixels: int) -> GroundTruth:
        values = self.options.lung_values
        try:
            return read_ground_truth(
                contents(self.mask),
                max_pixels=max_pixels,
                lung_values=None if values is None else parse_lung_values(values),
            )
        except ImageError as error:
            raise type(error)(f"The file `mask` cannot be used. {error}") from error


def _disagreement(mask: NDArray[np.bool_], truth: NDArray[np.bool_]) -> Picture:
    return Picture(data=b64encode(disagreement_png(mask, truth)).decode("ascii"))


@router.post(
    "/evaluate",
    summary="Segment a chest X-ray and compare with its ground truth",
    response_model=EvaluationDocument,
    responses={
        200: negotiated("The mask and its metrics in a JSON document."),
        **problems(*UPLOAD_PROBLEMS, 406),
    },
    openapi_extra=body(
        raw=False,
        image="The radiograph: PNG, JPEG, TIFF, BMP, WebP or DICOM.",
        mask="The ground truth: an image of the same size in which lung and background can be told apart, "
        "or a DICOM SEG.",
    ),
)
async def evaluate(
    request: Request,
    options: Annotated[EvaluateOptions, Query()],
    accepted: Accepted,
    settings: SettingsNow,
    pipeline: PipelineNow,
    intake: IntakeNow,
) -> Response:
    """Segment the radiograph in the form field `image` and compare the mask with the one in `mask`."""
    async with intake.images(request, "image", "mask") as (image, mask):
        options = options.model_copy(update={"form": accepted_form(accept_header(request)) or options.form})
        work = Evaluate(image=image, mask=mask, options=options, accepted=accepted, settings=settings)
        answer = await cancel_on_disconnect(request, pipeline.process(work))
    return answer.response()
