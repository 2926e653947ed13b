"""The parts of the OpenAPI document that FastAPI does not derive: bodies, files and errors."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from model.writing.trust import CHECKPOINT, PREDICTED_IOU, TRUSTED, WARNINGS

from .negotiation import BYTES, Media
from .open_inference.schemas import InferenceError, InferenceRequest
from .problems import PROBLEM_JSON, TABLE
from .schemas import Problem

UPLOAD_PROBLEMS = (400, 401, 408, 411, 413, 415, 422, 429, 503, 504, 507)
"""The error statuses of every endpoint that takes an image."""

_IMAGE_TYPES = (
    "image/png",
    "image/jpeg",
    "image/tiff",
    "image/bmp",
    "image/webp",
    "application/dicom",
    "application/octet-stream",
)
TAGS: list[dict[str, Any]] = [
    {"name": "segmentation", "description": "Segment the lungs in a radiograph."},
    {"name": "correction", "description": "Save a mask that a person has corrected."},
    {
        "name": "open inference",
        "description": "The Open Inference Protocol, for clients of KServe and Triton.",
    },
    {"name": "model", "description": "The model that is served."},
    {"name": "health", "description": "Health checks and metrics."},
]

_BINARY = {"type": "string", "format": "binary"}
_FILE_PATHS = {Media.PNG: "/segment.png", Media.DICOM: "/segment.dcm"}
_REQUEST_ID = {
    "description": "The request's id in the log: the X-Request-ID of the request, or a new one.",
    "schema": {"type": "string"},
}
TRUST = {
    TRUSTED: {
        "description": "Whether the mask has no warning.",
        "schema": {"type": "string", "enum": ["true", "false"]},
    },
    PREDICTED_IOU: {
        "description": "Expected IoU with a ground truth; absent where the checkpoint has no quality model.",
        "schema": {"type": "number"},
    },
    WARNINGS: {
        "description": "The codes of the warnings, separated by commas; absent where there is none.",
        "schema": {"type": "string"},
    },
    CHECKPOINT: {
        "description": "The name of the checkpoint that made the mask, as `model.name` in the document.",
        "schema": {"type": "string"},
    },
}
"""The headers of each answer that describe its mask."""

_RETRY_AFTER = {
    "description": "Seconds to wait before the next try.",
    "schema": {"type": "integer", "minimum": 1},
}


def file(description: str, media_type: str) -> dict[str, Any]:
    """Return the 200 response of a route that answers with a file, as ``media_type`` or as plain bytes."""
    content = {kind: {"schema": _BINARY} for kind in (media_type, BYTES)}
    return {"description": description, "content": content, "headers": TRUST}


def negotiated(description: str) -> dict[str, Any]:
    """Return the 200 response of a route where Accept may ask for a file instead of the document.

    The OpenAPI document lists only JSON here: for several types, client generators create a union that is
    hard to use, or read all of them as JSON. The endpoints of the files have typed operations.
    """
    also = " or ".join(f"`{media}` (as `{path}` gives)" for media, path in _FILE_PATHS.items())
    return {
        "description": f"{description} `Accept` can ask for {also} instead; `application/dicom; form=sr`, "
        "or the query parameter `form`, asks for another DICOM object.",
        "headers": TRUST,
    }


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the entries of a route's ``responses`` for these error statuses."""
    described: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        kinds = [kind for kind in TABLE.values() if kind.status == status]
        examples = {
            kind.slug: {
                "summary": kind.title,
                "value": {
                    "type": f"urn:pleura:problem:{kind.slug}",
                    "title": kind.title,
                    "status": status,
                    "detail": "What is wrong, and what to do.",
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
    """Return the same entries with the errors of the Open Inference Protocol."""
    described = problems(*statuses)
    for response in described.values():
        response["content"] = {
            "application/json": {"schema": {"$ref": "#/components/schemas/InferenceError"}}
        }
    return described


def inference_body() -> dict[str, Any]:
    """Return the ``openapi_extra`` of a route that takes a request of the Open Inference Protocol."""
    behind = _BINARY | {"description": "The request in JSON, followed by the tensors."}
    content = {
        "application/json": {"schema": {"$ref": "#/components/schemas/InferenceRequest"}},
        "application/octet-stream": {"schema": behind},
    }
    return {"requestBody": {"required": True, "content": content}}


def form(**fields: str) -> dict[str, Any]:
    """Return the content of a multipart body; keys are the files' names, values their descriptions."""
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
    """Return the ``openapi_extra`` of a route that takes these files in a form; ``raw`` adds a bare image."""
    content = form(**fields)
    if raw:
        raw_image = _BINARY | {"description": "The file itself. Its format is detected from its bytes."}
        content |= {media_type: {"schema": raw_image} for media_type in _IMAGE_TYPES}
    return {"requestBody": {"required": True, "content": content}}


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of ``app``."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=app.description,
            license_info=app.license_info,
            routes=app.routes,
            tags=app.openapi_tags,
            servers=[{"url": ".", "description": "The path of this document, under any prefix."}],
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
    """Replace homogeneous tuples below ``node`` by arrays: few generators support ``prefixItems``."""
    if isinstance(node, dict):
        items = node.get("prefixItems", [])
        if items and all(item == items[0] for item in items):
            node["items"] = items[0]
            del node["prefixItems"]
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _without_tuples(child)


def _schemas(*models: type[BaseModel]) -> dict[str, Any]:
    """Return the schemas of these models and of all models that they refer to."""
    found: dict[str, Any] = {}
    for model in models:
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        found |= schema.pop("$defs", {}) | {model.__name__: schema}
    for schema in found.values():
        for field in schema.get("properties", {}).values():
            # Client generators make fields with a default mandatory.
            field.pop("default", None)
    return found
