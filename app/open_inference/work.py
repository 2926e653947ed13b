"""The work for one image of an inference request."""

from dataclasses import dataclass, replace
from time import perf_counter

from model.segmenter import Segmenter
from model.stages import Inferred, Prepared
from model.writing.png import mask_png

from ..answer import Answer
from ..document import describe, require_trust
from ..errors import UnknownVersion
from ..options import MaskEncoding
from ..settings import Settings
from .schemas import RequestParameters


def version(segmenter: Segmenter) -> str:
    """Return the model's version in the protocol: the first 12 digits of the weights' SHA-256."""
    return segmenter.metadata.sha256[:12]


def require_version(wanted: str | None, segmenter: Segmenter) -> None:
    """Check that the requested version is served; None means any version.

    Raises:
        UnknownVersion: Another version is served.
    """
    served = version(segmenter)
    if wanted not in (None, served):
        raise UnknownVersion(f"This version is not served. Request version {served}, or none.")


@dataclass(slots=True, kw_only=True)
class Infer:
    """The work for one image; the body of its answer is the document.

    Attributes:
        image: The bytes of the file.
        parameters: The parameters of the request.
        version: The required version of the model; None means any.
        with_mask: Whether the mask is requested.
        settings: The service's settings.
        mask: The mask as PNG, set by `finish`.
        area_px: The areas of the right and the left lung, set by `finish`; 0 for a missing lung.
    """

    image: memoryview
    parameters: RequestParameters
    version: str | None
    with_mask: bool
    settings: Settings
    mask: bytes = b""
    area_px: tuple[int, int] = (0, 0)

    def prepare(self, segmenter: Segmenter) -> Prepared:
        """Read the image."""
        require_version(self.version, segmenter)
        start = perf_counter()
        prepared = segmenter.prepare(self.image, max_pixels=self.settings.max_pixels)
        return replace(prepared, decode_ms=(perf_counter() - start) * 1000)

    def finish(
        self, segmenter: Segmenter, prepared: Prepared, inferred: Inferred, *, queue_ms: float
    ) -> Answer:
        """Make the mask and the document."""
        segmentation = segmenter.finish(
            prepared,
            inferred,
            threshold=self.parameters.threshold,
            postprocess=self.parameters.postprocess,
        )
        if self.settings.reject_untrusted:
            require_trust(segmentation)
        start = perf_counter()
        if self.with_mask:
            self.mask = mask_png(segmentation.mask, segmentation.quality)
        encode_ms = (perf_counter() - start) * 1000
        right, left = segmentation.right, segmentation.left
        self.area_px = (right.area_px if right else 0, left.area_px if left else 0)
        self.version = version(segmenter)
        document = describe(segmentation, segmenter, encoding=MaskEncoding.NONE, queue_ms=queue_ms)
        document.timing_ms.encode = round(encode_ms, 3)
        return Answer.document(document, segmentation)
