import json
from base64 import b64encode
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from app import schemas
from app.problems import TABLE
from model.writing.trust import FIELDS
from tests.app.conftest import Service
from tests.app.fakes import dicom, encode, picture


@pytest.fixture(scope="module")
def document(shared_client: Service) -> Any:
    return shared_client.get("/openapi.json").json()


def operations(document: Any) -> list[tuple[str, Any]]:
    return [
        (f"{method} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_document_lists_all_routes(document: Any) -> None:
    assert {name for name, _ in operations(document)} == {
        "post /segment",
        "post /segment.dcm",
        "post /segment.png",
        "post /radiograph.png",
        "post /evaluate",
        "post /corrected.dcm",
        "get /collection",
        "post /collection",
        "get /model",
        "post /model/reload",
        "get /healthz",
        "get /readyz",
        "get /metrics",
        "get /v2",
        "get /v2/health/live",
        "get /v2/health/ready",
        "get /v2/models/pleura",
        "get /v2/models/pleura/ready",
        "post /v2/models/pleura/infer",
    }


def test_every_field_has_a_description(document: Any) -> None:
    for name, operation in operations(document):
        assert operation["summary"], name
        assert operation["description"], name
        for parameter in operation.get("parameters", []):
            assert parameter["description"], (name, parameter["name"])
        for status, response in operation["responses"].items():
            assert response["description"], (name, status)
    for name, schema in document["components"]["schemas"].items():
        assert schema.get("description"), name
        for field, described in schema.get("properties", {}).items():
            assert described.get("description") or "$ref" in described, (name, field)


def test_documented_errors_are_problem_documents(document: Any) -> None:
    for name, operation in operations(document):
        media, schema = "application/problem+json", "Problem"
        if " /v2" in name:
            media, schema = "application/json", "InferenceError"
        for status, response in operation["responses"].items():
            if status != "200":
                assert list(response["content"]) == [media], (name, status)
                assert response["content"][media]["schema"] == {"$ref": f"#/components/schemas/{schema}"}


def test_every_upload_error_is_documented(document: Any) -> None:
    listed = {int(status) for status in document["paths"]["/segment"]["post"]["responses"]}
    elsewhere = {403, 404, 409, 431, 499, 500}
    assert listed == {200} | {kind.status for kind in TABLE.values()} - elsewhere
    infer = {int(status) for status in document["paths"]["/v2/models/pleura/infer"]["post"]["responses"]}
    assert infer == listed - {406}


def test_every_success_has_one_media_type_for_generators(document: Any) -> None:
    """With several, openapi-typescript makes an unusable union, and openapi-python-client reads the first."""
    for name, operation in operations(document):
        contents = operation["responses"]["200"]["content"]
        schemas = {json.dumps(media["schema"], sort_keys=True) for media in contents.values()}
        assert len(schemas) == 1, name
        if not name.endswith("/metrics"):
            # What openapi-python-client can read: others it leaves out.
            assert {"application/json", "application/octet-stream"} & set(contents), name


def test_every_schema_has_a_name_for_generators(document: Any) -> None:
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(names) == len(set(names))
    assert all(name.isidentifier() for name in names)
    # They would be ignored as parameters: OpenAPI gives these headers other places.
    for name, operation in operations(document):
        given = {parameter["name"].lower() for parameter in operation.get("parameters", [])}
        assert not given & {"accept", "authorization", "content-type"}, name


def test_parameters_with_defaults_are_optional(document: Any) -> None:
    """openapi-typescript makes each property that has one a required one."""

    def check(schema: Any) -> None:
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        for property_ in schema.get("properties", {}).values():
            assert "default" not in property_
            for part in (property_, property_.get("items", {}), *property_.get("anyOf", [])):
                check(part.get("items", part))

    check({"$ref": "#/components/schemas/InferenceRequest"})


def test_document_has_no_tuples(document: Any) -> None:
    """openapi-fetch sends arrays, which do not fit openapi-typescript's type."""
    assert "prefixItems" not in json.dumps(document)
    box = document["components"]["schemas"]["Lung"]["properties"]["box"]
    assert (box["items"], box["minItems"], box["maxItems"]) == ({"type": "integer"}, 4, 4)


def test_files_are_as_documented(shared_client: Service, document: Any) -> None:
    for path in ("/segment.png", "/segment.dcm"):
        documented = document["paths"][path]["post"]["responses"]["200"]
        for accept in documented["content"]:
            answer = shared_client.post(path, content=dicom(picture()), headers={"Accept": accept})
            assert answer.headers["content-type"] == accept
            assert {"pleura-trusted", "pleura-warnings", "pleura-checkpoint"} <= set(answer.headers)
        assert set(FIELDS) <= set(documented["headers"])


def test_request_bodies_are_as_documented(document: Any) -> None:
    segment = document["paths"]["/segment"]["post"]["requestBody"]["content"]
    assert {"multipart/form-data", "image/png", "image/jpeg", "application/dicom"} <= set(segment)
    evaluate = document["paths"]["/evaluate"]["post"]["requestBody"]["content"]
    assert evaluate["multipart/form-data"]["schema"]["required"] == ["image", "mask"]


def test_answers_are_as_documented(shared_client: Service, document: Any) -> None:
    def check(answer: Any, schema: str) -> None:
        jsonschema.validate(answer.json(), {"$ref": f"#/components/schemas/{schema}"} | document)

    image = encode(picture())
    check(shared_client.post("/segment", content=image), "SegmentationDocument")
    check(shared_client.post("/segment?mask=none", content=image), "SegmentationDocument")
    check(shared_client.post("/segment", content=b""), "Problem")
    check(shared_client.get("/model"), "ModelDocument")
    check(shared_client.get("/readyz"), "Ready")
    check(shared_client.get("/v2"), "ServerMetadata")
    check(shared_client.get("/v2/health/live"), "ServerLive")
    check(shared_client.get("/v2/health/ready"), "ServerReady")
    check(shared_client.get("/v2/models/pleura"), "ModelMetadata")
    check(shared_client.get("/v2/models/pleura/ready"), "ModelReady")
    data = [b64encode(image).decode()]
    asked = {"inputs": [{"name": "image", "shape": [1], "datatype": "BYTES", "data": data}]}
    jsonschema.validate(asked, {"$ref": "#/components/schemas/InferenceRequest"} | document)
    check(shared_client.post("/v2/models/pleura/infer", json=asked), "InferenceResponse")
    check(shared_client.post("/v2/models/pleura/infer", json={}), "InferenceError")


def test_page_makes_no_external_request(shared_client: Service) -> None:
    page = shared_client.get("/docs")
    assert page.status_code == 200
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "'sha256-" in page.headers["content-security-policy"]
    for path in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"):
        assert f'"docs-assets/{path}"' in page.text
        assert shared_client.get(f"/docs-assets/{path}").status_code == 200


def test_problem_example_is_valid() -> None:
    schemas.Problem.model_validate({"type": "about:blank", "title": "x", "status": 400, "detail": "x"})
