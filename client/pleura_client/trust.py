"""Whether a mask can be trusted, as the headers of each answer say it, and as PNG text."""

from dataclasses import dataclass
from typing import Self

import httpx

from .segmentation import Quality

TRUSTED = "Pleura-Trusted"
PREDICTED_IOU = "Pleura-Predicted-IoU"
WARNINGS = "Pleura-Warnings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whether a mask can be trusted.

    Attributes:
        trusted: nothing speaks against the mask.
        predicted_iou: the IoU with a ground truth that is to be expected; None where the checkpoint was not calibrated, or not
            for the threshold and post-processing that were asked for.
        warnings: the codes of the warnings.
    """

    trusted: bool
    predicted_iou: float | None
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, headers: httpx.Headers) -> Self:
        """What the headers of an answer say.

        Raises:
            KeyError, ValueError: they are not Pleura's.
        """
        predicted = headers.get(PREDICTED_IOU)
        codes = headers.get(WARNINGS, "").split(",")
        return cls(
            trusted={"true": True, "false": False}[headers[TRUSTED]],
            predicted_iou=None if predicted is None else float(predicted),
            warnings=tuple(code.strip() for code in codes if code.strip()),
        )


class MaskFile(bytes):
    """A file that the service made of a mask: its bytes, and whether the mask can be trusted.

    Attributes:
        trust: whether the mask can be trusted.
    """

    trust: Trust

    def __new__(cls, content: bytes, trust: Trust) -> Self:
        """Both together."""
        made = super().__new__(cls, content)
        made.trust = trust
        return made

    def __getnewargs__(self) -> tuple[bytes, Trust]:  # type: ignore[override]
        # For `copy` and `pickle`.
        return bytes(self), self.trust


def png_text(quality: Quality) -> dict[str, str]:
    """Keywords and texts for a mask's PNG, as the service writes them."""
    text = {TRUSTED: str(quality.trusted).lower()}
    if quality.predicted_iou is not None:
        text[PREDICTED_IOU] = f"{round(quality.predicted_iou, 3):g}"
    if quality.warnings:
        text[WARNINGS] = ", ".join(warning.code for warning in quality.warnings)
        text["Warning"] = " ".join(warning.message for warning in quality.warnings)
    return text
