"""What is wrong with a request's parameters, in sentences."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.types import Scope

MOST = 3
"""Errors reported for one request."""

_HARMLESS = re.compile(r"[A-Za-z0-9_.\-\[\]]{1,40}")


def quoted(name: str) -> str:
    """A name that a client made up, as `` `name` `` behind a space; empty where it had better not be repeated."""
    return f" `{name}`" if _HARMLESS.fullmatch(name) else ""


def parameter_errors(scope: Scope, error: RequestValidationError) -> str:
    """What to change; values are not repeated."""
    known = _known(scope)
    return " ".join(_sentence(one, known) for one in error.errors()[:MOST])


def _sentence(error: dict[str, Any], known: Sequence[str]) -> str:
    where, *names = map(str, error["loc"])
    name = ".".join(names)
    kind = "header" if where == "header" else f"{where} parameter"
    if error["type"] == "extra_forbidden":
        close = get_close_matches(name.lower(), known, n=1)
        hint = (
            f"Did you mean `{close[0]}`?" if close else f"There are {', '.join(f'`{one}`' for one in known)}."
        )
        return f"Unknown {kind}{quoted(name)}. {hint}"
    message = str(error["msg"])
    return f"The {kind}{quoted(name)} is not valid: {message[:1].lower()}{message[1:]}."


def _known(scope: Scope) -> list[str]:
    """The query parameters of the route."""
    path = getattr(scope.get("route"), "path", "")
    operations = scope["app"].openapi()["paths"].get(path, {}).values()
    return [
        parameter["name"]
        for operation in operations
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "query"
    ]
