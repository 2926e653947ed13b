"""Conversion of unexpected exceptions of the decoders to one error."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from ..errors import DecoderFailure, ImageError

P = ParamSpec("P")
T = TypeVar("T")


def image_errors_only(reader: Callable[P, T]) -> Callable[P, T]:
    """Wrap a function so that it raises only ImageError, or OSError if its file cannot be opened.

    Raises:
        DecoderFailure: Any other exception, which is kept as the cause.
    """

    @wraps(reader)
    def guarded(*args: P.args, **options: P.kwargs) -> T:
        try:
            return reader(*args, **options)
        except (ImageError, OSError):
            raise
        except Exception as error:
            raise DecoderFailure() from error

    return guarded
