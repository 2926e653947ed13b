"""Whether a mask can be trusted."""

from .assessment import assess, warn
from .calibration import Calibration
from .quality import Evidence, Quality, Warning
from .sides import side_warnings

__all__ = ["Calibration", "Evidence", "Quality", "Warning", "assess", "side_warnings", "warn"]
