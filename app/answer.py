"""Answers: the JSON document, an image or a DICOM SEG; headers tell the mask's quality and checkpoint."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import Self, TypeVar

from fastapi.responses import Response

from model.quality import Quality
from model.segmentation import Segmentation
from model.segmenter import Segmenter
from model.stages import Inferred, Prepared
from model.timing import Timing, ms_since
from model.writing.dicom.forms import ALL_PIXELS, Form, write_form
from model.writing.overlay import overlay_png
from model.writing.png import mask_png
from model.writing.probability import probability_png
from model.writing.radiograph import radiograph_png
from model.writing.trust import trust_fields

from .document import describe, encode_mask, require_trust
from .negotiation import Media, choose
from .options import DicomForm, Render, SegmentOptions, SegType
from .schemas import SegmentationDocument

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The body of an answer, with what headers and metrics say of its mask.

    Attributes:
        body: The bytes.
        media_type: The Content-Type.
        timing_ms: Milliseconds of each stage.
        quality: Whether the mask can be trusted.
        checkpoint: The name of the checkpoint that made it.
    """

    body: bytes
    media_type: str
    timing_ms: Timing
    quality: Quality
    checkpoint: str

    @classmethod
    def document(cls, document: SegmentationDocument, quality: Quality, timing_ms: Timing) -> Self:
        """Return an answer in JSON.

        Args:
            document: The document.
            quality: Of its mask, for the headers.
            timing_ms: Of all stages, for the metrics.
        """
        return cls(
            body=document.model_dump_json().encode(),
            media_type=Media.JSON,
            timing_ms=timing_ms,
            quality=quality,
            checkpoint=document.model.name,
        )

    def response(self, *, media_type: str | None = None) -> Response:
        """Return the HTTP response; ``media_type`` overrides the Content-Type."""
        headers = {"Vary": "Accept", **trust_fields(self.quality, checkpoint=self.checkpoint)}
        return Response(self.body, media_type=media_type or self.media_type, headers=headers)


def prepare(
    segmenter: Segmenter,
    source: memoryview,
    *,
    accepted: list[Media],
    options: SegmentOptions,
    max_pixels: int,
) -> Prepared:
    """Read a radiograph at the resolution that the answer needs.

    Args:
        segmenter: The segmenter.
        source: The bytes of the upload.
        accepted: The media types that the client accepts, the preferred first.
        options: The request's options.
        max_pixels: The most pixels (width times height).

    Raises:
        ImageError: The image cannot be used.
        NotDicom: Only DICOM is acceptable, and the image is not DICOM.
    """
    picture = Media.PNG in accepted and options.render in (Render.OVERLAY, Render.RADIOGRAPH)
    shown = picture or (Media.DICOM in accepted and Form(options.form.value) in ALL_PIXELS)
    prepared = segmenter.prepare(source, max_pixels=max_pixels, all_pixels=shown)
    # Reject before the network runs what could not be written afterwards.
    choose(accepted, prepared.radiograph)
    return prepared


def finish(
    segmenter: Segmenter,
    prepared: Prepared,
    inferred: Inferred,
    *,
    accepted: list[Media],
    options: SegmentOptions,
    reject_untrusted: bool,
    extend: Callable[[Segmentation, SegmentationDocument], SegmentationDocument] | None = None,
) -> Answer:
    """Make the mask, and the answer that the client prefers.

    Args:
        segmenter: The segmenter that prepared the image.
        prepared: The result of `prepare`.
        inferred: The network's output for it.
        accepted: The forms of answer that the client accepts.
        options: The request's options.
        reject_untrusted: Whether a mask that is not trusted is an error.
        extend: Adds to the document of an answer in JSON.

    Raises:
        UntrustedMask: The mask is not trusted, and ``reject_untrusted`` is set.
    """
    segmentation = segmenter.finish(
        prepared, inferred, threshold=options.threshold, postprocess=options.postprocess
    )
    if reject_untrusted:
        require_trust(segmentation)
    media = choose(accepted, prepared.radiograph)
    if media is not Media.JSON:
        write = partial(_file, segmentation, segmenter, prepared, inferred, media=media, options=options)
        body, timing_ms = encode(segmentation, write)
        return Answer(
            body=body,
            media_type=media,
            timing_ms=timing_ms,
            quality=segmentation.quality,
            checkpoint=segmenter.metadata.name,
        )
    write_mask = partial(encode_mask, segmentation, options.mask, segmenter.metadata.name)
    mask, timing_ms = encode(segmentation, write_mask)
    document = describe(segmentation, segmenter, mask=mask, timing_ms=timing_ms)
    if extend is not None:
        document = extend(segmentation, document)
    return Answer.document(document, segmentation.quality, timing_ms)


def encode(segmentation: Segmentation, write: Callable[[], T]) -> tuple[T, Timing]:
    """Call ``write``, the last stage; return its result and the timing of all stages.

    Args:
        segmentation: Its timing is that of the earlier stages.
        write: Writes the answer.
    """
    start = perf_counter()
    written = write()
    return written, replace(segmentation.timing_ms, encode=ms_since(start))


def _file(
    segmentation: Segmentation,
    segmenter: Segmenter,
    prepared: Prepared,
    inferred: Inferred,
    *,
    media: Media,
    options: SegmentOptions,
) -> bytes:
    radiograph, quality, metadata = segmentation.radiograph, segmentation.quality, segmenter.metadata
    if media is Media.DICOM:
        labelmap = options.form is DicomForm.SEG and options.seg is SegType.LABELMAP
        return write_form(segmentation, metadata, Form.LABELMAP if labelmap else Form(options.form.value))
    if options.render is Render.OVERLAY:
        return overlay_png(radiograph, segmentation.structures, quality, metadata.name)
    if options.render is Render.RADIOGRAPH:
        return radiograph_png(radiograph, quality, metadata.name)
    if options.render is Render.PROBABILITY:
        return probability_png(segmenter.probabilities(prepared, inferred), quality, metadata.name)
    return mask_png(segmentation.mask, quality, metadata.name)
