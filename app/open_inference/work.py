"""One image of an inference request."""

from dataclasses import dataclass, replace
from time import perf_counter

from model.segmenter import Inferred, Prepared, Segmenter
from model.writing.png import mask_png

from ..answer import Answer
from ..document import describe, require_trust
from ..errors import UnknownVersion
from ..options import MaskEncoding
from ..settings import Settings
from .schemas import RequestParameters


def version(segmenter: Segmenter) -> str:
    """What the protocol calls the model's version: other weights, another version."""
    return segmenter.metadata.sha256[:12]


def require_version(wanted: str | None, segmenter: Segmenter) -> None:
    """Raises:
    UnknownVersion: another version is wanted than the one that is served.
    """
    served = version(segmenter)
    if wanted not in (None, served):
        raise UnknownVersion(f"Ask for version {served}, the one that is served, or for none.")


@dataclass(slots=True, kw_only=True)
class Infer:
    """One image's work; its answer's body is the document.

    Attributes:
        image: the file's bytes.
        parameters: what is asked of the model.
        version: of the model, that it must have; None takes any.
        with_mask: whether the mask is wanted.
        settings: the service's.
        mask: the mask as PNG, once it is made.
        area_px: of the right and the left lung; 0 where there is none.
    """

    image: memoryview
    parameters: RequestParameters
    version: str | None
    with_mask: bool
    settings: Settings
    mask: bytes = b""
    area_px: tuple[int, int] = (0, 0)

    def prepare(self, segmenter: Segmenter) -> Prepared:
        """Reads the image."""
        require_version(self.version, segmenter)
        start = perf_counter()
        prepared = segmenter.prepare(self.image, max_pixels=self.settings.max_pixels)
        return replace(prepared, decode_ms=(perf_counter() - start) * 1000)

    def finish(
        self, segmenter: Segmenter, prepared: Prepared, inferred: Inferred, *, queue_ms: float
    ) -> Answer:
        """Writes the mask and the document."""
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
