"""The work for one image of an inference request."""

from dataclasses import dataclass

from model.segmenter import Segmenter
from model.stages import Inferred, Prepared
from model.writing.png import mask_png

from ..answer import Answer, encode
from ..document import describe, require_trust
from ..errors import UnknownVersion
from ..negotiation import Media
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


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceAnswer(Answer):
    """The outputs for one image; the body is the document without the mask.

    Attributes:
        version: The version of the model that answered.
        mask: The mask as PNG; empty if it was not requested.
        area_px: The areas of the right and the left lung; 0 for a missing lung.
    """

    version: str
    mask: bytes
    area_px: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Infer:
    """The work for one image.

    Attributes:
        image: The bytes of the file.
        parameters: The parameters of the request.
        version: The required version of the model; None means any.
        with_mask: Whether the mask is requested.
        settings: The service's settings.
    """

    image: memoryview
    parameters: RequestParameters
    version: str | None
    with_mask: bool
    settings: Settings

    def prepare(self, segmenter: Segmenter) -> Prepared:
        """Read the image."""
        require_version(self.version, segmenter)
        return segmenter.prepare(self.image, max_pixels=self.settings.max_pixels)

    def finish(self, segmenter: Segmenter, prepared: Prepared, inferred: Inferred) -> InferenceAnswer:
        """Make the mask and the document; see `Work`."""
        segmentation = segmenter.finish(
            prepared,
            inferred,
            threshold=self.parameters.threshold,
            postprocess=self.parameters.postprocess,
        )
        if self.settings.reject_untrusted:
            require_trust(segmentation)
        name = segmenter.metadata.name
        mask, timing_ms = encode(
            segmentation,
            lambda: mask_png(segmentation.mask, segmentation.quality, name) if self.with_mask else b"",
        )
        document = describe(segmentation, segmenter, mask=None, timing_ms=timing_ms)
        right, left = segmentation.right, segmentation.left
        return InferenceAnswer(
            body=document.model_dump_json().encode(),
            media_type=Media.JSON,
            timing_ms=timing_ms,
            quality=segmentation.quality,
            checkpoint=name,
            version=version(segmenter),
            mask=mask,
            area_px=(right.area_px if right else 0, left.area_px if left else 0),
        )
