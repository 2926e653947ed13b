"""What the OpenAPI document says beyond what FastAPI sees by itself: bodies and errors."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from .errors import PROBLEM_JSON, TABLE
from .open_inference.schemas import InferenceError, InferenceRequest
from .schemas import Problem

UPLOAD_PROBLEMS = (400, 401, 408, 413, 415, 422, 429, 503, 504, 507)
"""What may go wrong wherever an image is sent."""

_IMAGE_TYPES = (
    "image/png",
    "image/jpeg",
    "image/tiff",
    "image/bmp",
    "image/webp",
    "application/dicom",
    "application/octet-stream",
)
_BINARY = {"type": "string", "format": "binary"}
_REQUEST_ID = {
    "description": "The request's id, as it stands in the log: the one that the request came with, or a new one.",
    "schema": {"type": "string"},
}
_RETRY_AFTER = {
    "description": "Seconds after which to try again.",
    "schema": {"type": "integer", "minimum": 1},
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route's ``responses`` say of these errors."""
    described: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        kinds = [kind for kind in TABLE.values() if kind.status == status]
        examples = {
            kind.word: {
                "summary": kind.title,
                "value": {
                    "type": f"urn:pleura:problem:{kind.word}",
                    "title": kind.title,
                    "status": status,
                    "detail": "What to do about it, in a sentence.",
                },
            }
            for kind in kinds
        }
        described[status] = {
            "description": "; ".join(kind.title for kind in kinds) + ".",
            "content": {
                PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}
            },
        }
        if status in (429, 503):
            described[status]["headers"] = {"Retry-After": _RETRY_AFTER}
    return described


def inference_problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The same where the Open Inference Protocol is spoken."""
    described = problems(*statuses)
    for response in described.values():
        response["content"] = {
            "application/json": {"schema": {"$ref": "#/components/schemas/InferenceError"}}
        }
    return described


def inference_body() -> dict[str, Any]:
    """A route's ``openapi_extra``: a request of the Open Inference Protocol."""
    behind = _BINARY | {"description": "The request in JSON, and the tensors behind it."}
    content = {
        "application/json": {"schema": {"$ref": "#/components/schemas/InferenceRequest"}},
        "application/octet-stream": {"schema": behind},
    }
    return {"requestBody": {"required": True, "content": content}}


def form(**fields: str) -> dict[str, Any]:
    """A multipart body of these files; the values describe them."""
    return {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": list(fields),
                "additionalProperties": False,
                "properties": {name: _BINARY | {"description": text} for name, text in fields.items()},
            }
        }
    }


def body(*, raw: bool, **fields: str) -> dict[str, Any]:
    """A route's ``openapi_extra``: a form of these files or, if ``raw``, the one image itself."""
    content = form(**fields)
    if raw:
        raw_image = _BINARY | {"description": "The file itself. What it is is found from its bytes."}
        content |= {media_type: {"schema": raw_image} for media_type in _IMAGE_TYPES}
    return {"requestBody": {"required": True, "content": content}}


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of ``app``."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=app.description,
            license_info=app.license_info,
            routes=app.routes,
            tags=app.openapi_tags,
        )
        made["components"]["schemas"] |= _schemas(Problem, InferenceError, InferenceRequest)
        for operations in made["paths"].values():
            for operation in operations.values():
                for response in operation["responses"].values():
                    response.setdefault("headers", {})["X-Request-ID"] = _REQUEST_ID
        app.openapi_schema = made
    return app.openapi_schema


def _schemas(*models: type[BaseModel]) -> dict[str, Any]:
    """What FastAPI does not find by itself, with all that it refers to."""
    found: dict[str, Any] = {}
    for model in models:
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        found |= schema.pop("$defs", {}) | {model.__name__: schema}
    return found
