"""Names of devices and engines, for settings and command lines; imports nothing heavy."""

from typing import Literal

Device = Literal["auto", "cuda", "cpu"]
"""Where the network runs; ``"auto"`` selects CUDA if available."""

EngineChoice = Literal["auto", "torch", "openvino"]
"""What runs the network; ``"auto"`` selects the fastest that is installed."""
