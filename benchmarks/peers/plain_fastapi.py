"""A plain FastAPI handler, as in its documentation: ``python -m benchmarks.peers.plain_fastapi PORT``."""

import sys
from typing import Annotated

import uvicorn
from fastapi import FastAPI, File, Response

from .network import encode, load, prepare

app = FastAPI()
network = load()


@app.get("/ready")
def ready() -> str:
    """Answer when the network is loaded."""
    return "ready"


@app.post("/segment")
def segment(image: Annotated[bytes, File()]) -> Response:
    """Segment an image."""
    pixels, size = prepare(image)
    return Response(encode(network(pixels[None])[0], size), media_type="image/png")


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
