"""The form of errors in the Open Inference Protocol."""

from starlette.responses import Response

from ..problems import ProblemType
from .schemas import InferenceError


def inference_error(kind: ProblemType, detail: str, *, headers: dict[str, str] | None = None) -> Response:
    """Return the protocol's error as a response.

    Args:
        kind: The type, which has the status.
        detail: A sentence: what is wrong, then what to do.
        headers: Further headers; None for none.
    """
    return Response(InferenceError(error=detail).model_dump_json(), kind.status, headers, "application/json")
