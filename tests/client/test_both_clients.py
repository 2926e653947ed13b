"""The two clients offer the same."""

import inspect
from typing import Any

import pytest
from pleura_client import AsyncPleura, Pleura

METHODS = [name for name in vars(Pleura) if not name.startswith("_") and name != "close"]


def parameters(function: Any) -> list[tuple[str, Any, Any]]:
    return [(one.name, one.default, one.kind) for one in inspect.signature(function).parameters.values()]


def test_both_clients_have_the_same_methods() -> None:
    assert {name for name in vars(AsyncPleura) if not name.startswith("_")} == {*METHODS, "aclose"}


@pytest.mark.parametrize("name", METHODS)
def test_both_clients_have_the_same_parameters(name: str) -> None:
    assert parameters(getattr(AsyncPleura, name)) == parameters(getattr(Pleura, name))
    assert inspect.iscoroutinefunction(getattr(AsyncPleura, name))


def test_both_clients_have_the_same_options() -> None:
    both = [{one for one in parameters(kind) if one[0] != "sleep"} for kind in (Pleura, AsyncPleura)]
    assert both[0] == both[1]
