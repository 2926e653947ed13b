"""Whether a mask can be trusted."""

from .assessment import assess
from .calibration import Calibration
from .quality import Evidence, Quality, Warning

__all__ = ["Calibration", "Evidence", "Quality", "Warning", "assess"]
