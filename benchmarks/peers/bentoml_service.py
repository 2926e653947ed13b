"""BentoML with adaptive batching: an API service in front of a batchable network, as in its guide."""

import asyncio
from typing import Annotated

import bentoml
import numpy as np
from bentoml.validators import ContentType
from numpy.typing import NDArray
from PIL.Image import Image

from .network import BATCH, WORKERS, encode, load, prepare


@bentoml.service(workers=WORKERS, traffic={"timeout": 120})
class Network:
    """The network, in a separate process."""

    def __init__(self) -> None:
        self.network = load()

    @bentoml.api(batchable=True, max_batch_size=BATCH, max_latency_ms=60_000)
    def infer(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """``(B, 1, S, S)`` to ``(B, S, S)``."""
        return self.network(np.asarray(batch, np.float32))


@bentoml.service(traffic={"timeout": 120})
class Segmentation:
    """Decode and encodes, in threads."""

    network = bentoml.depends(Network)

    @bentoml.api
    async def segment(self, image: Image) -> Annotated[bytes, ContentType("image/png")]:
        """Segment an image."""
        pixels, size = await asyncio.to_thread(prepare, image)
        lung = await self.network.to_async.infer(pixels[None])
        return await asyncio.to_thread(encode, np.asarray(lung)[0], size)
