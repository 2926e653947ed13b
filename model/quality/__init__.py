"""The quality of masks: predicted IoU, warnings, and whether a mask is trusted."""

from .assessment import assess, warn, with_age
from .parameters import QualityModel
from .result import Evidence, Quality, Warning
from .sides import side_warnings

__all__ = ["Evidence", "Quality", "QualityModel", "Warning", "assess", "side_warnings", "warn", "with_age"]
