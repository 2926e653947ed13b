"""LitServe with its batching: ``python -m benchmarks.peers.litserve_service PORT``."""

import sys
from typing import Annotated, Any

import litserve
import numpy as np
from fastapi import File, Response

from .network import BATCH, DEVICE, WORKERS, encode, load, prepare


class Segmentation(litserve.LitAPI):  # type: ignore[misc]
    """Decodes, batches, infers and encodes in each worker, as LitServe has it."""

    def setup(self, device: str) -> None:
        """Load the network in a worker."""
        self.network = load()

    def decode_request(self, request: Annotated[bytes, File()]) -> Any:
        """Prepare the form file ``request`` for the network."""
        return prepare(request)

    def batch(self, inputs: Any) -> Any:
        """Stack the inputs of several requests."""
        return np.stack([pixels for pixels, _ in inputs]), [size for _, size in inputs]

    def predict(self, x: Any) -> Any:
        """Run the network on a batch."""
        batch, sizes = x
        return list(zip(self.network(batch), sizes, strict=True))

    def unbatch(self, output: Any) -> Any:
        """One by one."""
        return output

    def encode_response(self, output: Any) -> Response:
        """Encode the mask as PNG."""
        lung, size = output
        return Response(encode(lung, size), media_type="image/png")


if __name__ == "__main__":
    server = litserve.LitServer(
        Segmentation(max_batch_size=BATCH, batch_timeout=0.01),
        accelerator="cuda" if DEVICE == "cuda" else "cpu",
        workers_per_device=WORKERS,
        timeout=120,
    )
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, log_level="warning")
