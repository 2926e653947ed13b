"""Engines run the network: one small interface, a module for each, and the choice between them."""

from .choice import Device, EngineChoice, choose_engine
from .engine import Engine, EngineOutput

__all__ = ["Device", "Engine", "EngineChoice", "EngineOutput", "choose_engine"]
