import json
from base64 import b64encode
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from app import schemas
from app.problems import TABLE
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


def test_what_there_is(document: Any) -> None:
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


def test_everything_is_described(document: Any) -> None:
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


def test_all_errors_are_problems(document: Any) -> None:
    for name, operation in operations(document):
        media, schema = "application/problem+json", "Problem"
        if " /v2" in name:
            media, schema = "application/json", "InferenceError"
        for status, response in operation["responses"].items():
            if status != "200":
                assert list(response["content"]) == [media], (name, status)
                assert response["content"][media]["schema"] == {"$ref": f"#/components/schemas/{schema}"}


def test_all_errors_of_an_upload_are_listed(document: Any) -> None:
    listed = {int(status) for status in document["paths"]["/segment"]["post"]["responses"]}
    elsewhere = {403, 404, 409, 431, 499, 500}
    assert listed == {200} | {kind.status for kind in TABLE.values()} - elsewhere
    infer = {int(status) for status in document["paths"]["/v2/models/pleura/infer"]["post"]["responses"]}
    assert infer == listed - {406}


def test_generators_find_one_type_for_each_success(document: Any) -> None:
    """With several, openapi-typescript makes an unusable union, and openapi-python-client reads the first."""
    for name, operation in operations(document):
        contents = operation["responses"]["200"]["content"]
        schemas = {json.dumps(media["schema"], sort_keys=True) for media in contents.values()}
        assert len(schemas) == 1, name
        if not name.endswith("/metrics"):
            # What openapi-python-client can read: others it leaves out.
            assert {"application/json", "application/octet-stream"} & set(contents), name


def test_generators_find_names_for_all(document: Any) -> None:
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(names) == len(set(names))
    assert all(name.isidentifier() for name in names)
    # They would be ignored as parameters: OpenAPI gives these headers other places.
    for name, operation in operations(document):
        given = {parameter["name"].lower() for parameter in operation.get("parameters", [])}
        assert not given & {"accept", "authorization", "content-type"}, name


def test_generators_need_not_send_what_has_a_default(document: Any) -> None:
    """openapi-typescript makes each property that has one a required one."""

    def check(schema: Any) -> None:
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        for property_ in schema.get("properties", {}).values():
            assert "default" not in property_
            for part in (property_, property_.get("items", {}), *property_.get("anyOf", [])):
                check(part.get("items", part))

    check({"$ref": "#/components/schemas/InferenceRequest"})


def test_generators_find_no_tuples(document: Any) -> None:
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
            assert {"pleura-trusted", "pleura-warnings"} <= set(answer.headers)
        assert {"Pleura-Trusted", "Pleura-Predicted-IoU", "Pleura-Warnings"} <= set(documented["headers"])


def test_bodies(document: Any) -> None:
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


def test_the_page_asks_nobody_else(shared_client: Service) -> None:
    page = shared_client.get("/docs")
    assert page.status_code == 200
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "'sha256-" in page.headers["content-security-policy"]
    for path in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"):
        assert f'"docs-assets/{path}"' in page.text
        assert shared_client.get(f"/docs-assets/{path}").status_code == 200


def test_the_problem_example_is_one() -> None:
    schemas.Problem.model_validate({"type": "about:blank", "title": "x", "status": 400, "detail": "x"})
