"""The client of a Pleura service, which segments the lungs in chest X-rays.

```python
from pleura_client import Pleura

with Pleura("http://localhost:8000") as pleura:
    segmentation = pleura.segment("radiograph.dcm")
```
"""

from .asynchronous import AsyncPleura
from .errors import (
    InvalidArgument,
    PleuraClientError,
    Problem,
    RequestRefused,
    ServiceError,
    ServiceUnavailable,
    ServiceUnreachable,
    UnexpectedAnswer,
    WrongKey,
)
from .segmentation import (
    CardiothoracicRatio,
    Evaluation,
    GroundTruth,
    Image,
    Lung,
    Lungs,
    Metrics,
    Quality,
    Segmentation,
    ServedModel,
    Timing,
    Warning,
)
from .served_model import Model
from .synchronous import Pleura
from .trust import MaskFile, Trust

__all__ = [
    "AsyncPleura",
    "CardiothoracicRatio",
    "Evaluation",
    "GroundTruth",
    "Image",
    "InvalidArgument",
    "Lung",
    "Lungs",
    "MaskFile",
    "Metrics",
    "Model",
    "Pleura",
    "PleuraClientError",
    "Problem",
    "Quality",
    "RequestRefused",
    "Segmentation",
    "ServedModel",
    "ServiceError",
    "ServiceUnavailable",
    "ServiceUnreachable",
    "Timing",
    "Trust",
    "UnexpectedAnswer",
    "Warning",
    "WrongKey",
]
