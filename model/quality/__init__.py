"""Whether a mask can be trusted."""

from .assessment import assess, warn
from .parameters import Calibration
from .result import Evidence, Quality, Warning
from .sides import side_warnings

__all__ = ["Calibration", "Evidence", "Quality", "Warning", "assess", "side_warnings", "warn"]
