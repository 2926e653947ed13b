"""The bundled checkpoint."""

from pathlib import Path

BUNDLED = Path(__file__).parent / "pleura-r50-256.safetensors"
"""The checkpoint that is used if none is named."""
