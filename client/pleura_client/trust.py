"""Whether a mask can be trusted, and its checkpoint, from response headers and as PNG text."""

from dataclasses import dataclass
from typing import Self

import httpx

from .segmentation import Quality

TRUSTED = "Pleura-Trusted"
PREDICTED_IOU = "Pleura-Predicted-IoU"
WARNINGS = "Pleura-Warnings"
CHECKPOINT = "Pleura-Checkpoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whether a mask can be trusted, and its checkpoint.

    Attributes:
        trusted: Whether the mask is trusted.
        predicted_iou: Predicted IoU with a ground truth; None if the checkpoint is not calibrated for
            the requested threshold and post-processing.
        warnings: Codes of the warnings.
        checkpoint: Name of the checkpoint that made the mask; None from a service that does not say.
    """

    trusted: bool
    predicted_iou: float | None
    warnings: tuple[str, ...]
    checkpoint: str | None = None

    @classmethod
    def of(cls, headers: httpx.Headers) -> Self:
        """Read the headers of a response.

        Raises:
            KeyError, ValueError: A header is missing or invalid.
        """
        predicted = headers.get(PREDICTED_IOU)
        codes = headers.get(WARNINGS, "").split(",")
        return cls(
            trusted={"true": True, "false": False}[headers[TRUSTED]],
            predicted_iou=None if predicted is None else float(predicted),
            warnings=tuple(code.strip() for code in codes if code.strip()),
            checkpoint=headers.get(CHECKPOINT),
        )


class MaskFile(bytes):
    """The bytes of a mask file from the service, with its trust.

    Attributes:
        trust: Whether the mask can be trusted, and its checkpoint.
    """

    trust: Trust

    def __new__(cls, content: bytes, trust: Trust) -> Self:
        """Make the bytes and attach the trust."""
        made = super().__new__(cls, content)
        made.trust = trust
        return made

    def __getnewargs__(self) -> tuple[bytes, Trust]:  # type: ignore[override]
        # For `copy` and `pickle`.
        return bytes(self), self.trust


def png_text(quality: Quality, checkpoint: str) -> dict[str, str]:
    """Return the PNG text chunks of a mask by keyword, as the service writes them."""
    text = {TRUSTED: str(quality.trusted).lower()}
    if quality.predicted_iou is not None:
        text[PREDICTED_IOU] = f"{round(quality.predicted_iou, 4):g}"
    if quality.warnings:
        text[WARNINGS] = ", ".join(warning.code for warning in quality.warnings)
        text["Warning"] = " ".join(warning.message for warning in quality.warnings)
    text[CHECKPOINT] = checkpoint
    return text
