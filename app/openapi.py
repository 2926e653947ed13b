"""What the OpenAPI document says beyond what FastAPI sees by itself: bodies and errors."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from model.writing.trust import PREDICTED_IOU, TRUSTED, WARNINGS

from .errors import PROBLEM_JSON, TABLE
from .negotiation import BYTES, Media
from .open_inference.schemas import InferenceError, InferenceRequest
from .schemas import Problem

UPLOAD_PROBLEMS = (400, 401, 408, 411, 413, 415, 422, 429, 503, 504, 507)
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
_FILE_PATHS = {Media.PNG: "/segment.png", Media.DICOM: "/segment.dcm"}
_REQUEST_ID = {
    "description": "The request's id, as it stands in the log: the one that the request came with, or a new one.",
    "schema": {"type": "string"},
}
TRUST = {
    TRUSTED: {
        "description": "Whether nothing speaks against the mask.",
        "schema": {"type": "string", "enum": ["true", "false"]},
    },
    PREDICTED_IOU: {
        "description": "The IoU with a ground truth that is to be expected; absent where the checkpoint was not calibrated.",
        "schema": {"type": "number"},
    },
    WARNINGS: {
        "description": "The codes of the warnings, with commas between; absent where there is none.",
        "schema": {"type": "string"},
    },
}
"""What the headers of each answer say of its mask."""

_RETRY_AFTER = {
    "description": "Seconds after which to try again.",
    "schema": {"type": "integer", "minimum": 1},
}


def file(description: str, media_type: str) -> dict[str, Any]:
    """A route's 200 where it answers with a file, as ``media_type`` or, if that is preferred, as plain bytes."""
    content = {kind: {"schema": _BINARY} for kind in (media_type, BYTES)}
    return {"description": description, "content": content, "headers": TRUST}


def negotiated(description: str) -> dict[str, Any]:
    """A route's 200 where Accept may ask for a file instead of the document.

    Only the document is in the OpenAPI document: of several types generators make a union, which nobody can use, or read all of
    them as JSON. The routes of the files have operations that are typed.
    """
    also = " and ".join(f"`{media}` as `{path}`" for media, path in _FILE_PATHS.items())
    return {
        "description": f"{description} Where `Accept` asks for it, {also} gives it; `application/dicom; form=sr` "
        "asks for another DICOM object, as the query parameter `form` does.",
        "headers": TRUST,
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
            servers=[{"url": ".", "description": "Where this document lies, whatever the prefix."}],
        )
        made["components"]["schemas"] |= _schemas(Problem, InferenceError, InferenceRequest)
        for operations in made["paths"].values():
            for operation in operations.values():
                for response in operation["responses"].values():
                    response.setdefault("headers", {})["X-Request-ID"] = _REQUEST_ID
        _without_tuples(made)
        app.openapi_schema = made
    return app.openapi_schema


def _without_tuples(node: Any) -> None:
    """Makes arrays of alike items of all tuples below ``node``: few generators know ``prefixItems``."""
    if isinstance(node, dict):
        items = node.get("prefixItems", [])
        if items and all(item == items[0] for item in items):
            node["items"] = items[0]
            del node["prefixItems"]
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _without_tuples(child)


def _schemas(*models: type[BaseModel]) -> dict[str, Any]:
    """What FastAPI does not find by itself, with all that it refers to."""
    found: dict[str, Any] = {}
    for model in models:
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        found |= schema.pop("$defs", {}) | {model.__name__: schema}
    for schema in found.values():
        for field in schema.get("properties", {}).values():
            # Generators make a field that has a default one that must be sent.
            field.pop("default", None)
    return found
