"""The HTTP service: puts `model` behind FastAPI."""
