"""The engines that run the network: their interface, one module for each, and the choice between them."""

from ..devices import Device, EngineChoice
from .choice import choose_engine
from .engine import Engine, EngineOutput

__all__ = ["Device", "Engine", "EngineChoice", "EngineOutput", "choose_engine"]
