"""Private interfaces of other packages: bounded in pyproject.toml, and present in the installed release."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import FunctionType

import pytest
from packaging.requirements import Requirement
from uvicorn import Server
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


@dataclass(frozen=True, kw_only=True)
class Private:
    """What a module of Pleura uses of a class of another package.

    Attributes:
        package: the distribution.
        user: our module.
        of: the class.
        methods: what is called or overridden.
        attributes: what its ``__init__`` sets.
    """

    package: str
    user: str
    of: type
    methods: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()


PRIVATE = [
    Private(
        package="uvicorn",
        user="app/connection.py",
        of=H11Protocol,
        methods=(
            "connection_made",
            "connection_lost",
            "data_received",
            "on_response_complete",
            "pause_writing",
            "resume_writing",
            "send_400_response",
        ),
        attributes=("conn", "cycle", "loop", "transport"),
    ),
    Private(
        package="uvicorn",
        user="app/connection.py",
        of=RequestResponseCycle,
        attributes=("keep_alive", "more_body", "response_complete"),
    ),
    Private(
        package="uvicorn",
        user="app/server.py",
        of=Server,
        methods=("handle_exit", "run", "serve"),
        attributes=("force_exit", "server_state", "should_exit"),
    ),
]


def bounds() -> dict[str, Requirement]:
    project = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]
    return {found.name: found for found in map(Requirement, project["dependencies"])}


@pytest.mark.parametrize("package", sorted({one.package for one in PRIVATE}))
def test_a_package_whose_private_interface_is_used_has_an_upper_bound(package: str) -> None:
    requirement = bounds()[package]
    assert any(part.operator in ("<", "<=", "==", "~=") for part in requirement.specifier), (
        f"Give {package} an upper bound in pyproject.toml: Pleura uses what it does not promise."
    )
    assert version(package) in requirement.specifier, (
        f"{package} {version(package)} is outside of {requirement}: check the interfaces that "
        f"{Path(__file__).name} lists, adapt their users, then raise the bound in pyproject.toml."
    )


@pytest.mark.parametrize("private", PRIVATE, ids=lambda one: f"{one.package}-{one.of.__name__}")
def test_private_interface_exists(private: Private) -> None:
    start: Callable[..., None] = vars(private.of)["__init__"]
    assert isinstance(start, FunctionType)
    missing = {name for name in private.methods if not callable(getattr(private.of, name, None))}
    missing |= set(private.attributes) - set(start.__code__.co_names)
    assert not missing, (
        f"{private.package} {version(private.package)} has no {', '.join(sorted(missing))} "
        f"in {private.of.__name__}: adapt {private.user}."
    )
