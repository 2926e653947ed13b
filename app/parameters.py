"""Messages for invalid request parameters."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.types import Scope

MAX_ERRORS = 3
"""The most errors reported for one request."""

_PRINTABLE_NAME = re.compile(r"[A-Za-z0-9_.\-\[\]]{1,40}")


def quoted(name: str) -> str:
    """Return a client's name as `` `name` `` after a space; empty if it is unsafe to repeat."""
    return f" `{name}`" if _PRINTABLE_NAME.fullmatch(name) else ""


def parameter_errors(scope: Scope, error: RequestValidationError) -> str:
    """Return sentences on what to change. Values are not repeated."""
    known = _known(scope)
    return " ".join(_sentence(one, known) for one in error.errors()[:MAX_ERRORS])


def _sentence(error: dict[str, Any], known: Sequence[str]) -> str:
    where, *names = map(str, error["loc"])
    name = ".".join(names)
    kind = "header" if where == "header" else f"{where} parameter"
    if error["type"] == "extra_forbidden":
        close = get_close_matches(name.lower(), known, n=1)
        hint = (
            f"Did you mean `{close[0]}`?" if close else f"Known are {', '.join(f'`{one}`' for one in known)}."
        )
        return f"Unknown {kind}{quoted(name)}. {hint}"
    message = str(error["msg"])
    return f"The {kind}{quoted(name)} is not valid: {message[:1].lower()}{message[1:]}."


def _known(scope: Scope) -> list[str]:
    """Return the names of the route's query parameters."""
    path = getattr(scope.get("route"), "path", "")
    operations = scope["app"].openapi()["paths"].get(path, {}).values()
    return [
        parameter["name"]
        for operation in operations
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "query"
    ]
