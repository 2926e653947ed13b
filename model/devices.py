"""The names of devices and engines for settings and command lines; this module imports nothing heavy."""

from typing import Literal

Device = Literal["auto", "cuda", "cpu"]
"""The device that runs the network; ``"auto"`` selects CUDA if available."""

EngineChoice = Literal["auto", "torch", "openvino"]
"""The engine that runs the network; ``"auto"`` selects the fastest that is installed."""
