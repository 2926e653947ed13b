"""Who made a mask, in the words of a DICOM Segmentation (PS3.3 C.8.20.2)."""

from __future__ import annotations

from typing import Literal, NamedTuple

AlgorithmType = Literal["AUTOMATIC", "SEMIAUTOMATIC", "MANUAL"]

_WORDS = {"SEMIAUTOMATIC": "corrected by hand", "MANUAL": "drawn by hand"}


class Authorship(NamedTuple):
    """How a mask that a person answers for came about.

    Attributes:
        algorithm_type: SEMIAUTOMATIC where a person corrected the network's mask, MANUAL where a person
            drew it alone.
    """

    algorithm_type: AlgorithmType

    @property
    def description(self) -> str:
        """What stands where the trust of the network's mask stands: ``Corrected by hand``."""
        return _WORDS[self.algorithm_type].capitalize()

    @property
    def suffix(self) -> str:
        """What follows the noun in the series description: ``, corrected by hand``."""
        return f", {_WORDS[self.algorithm_type]}"
