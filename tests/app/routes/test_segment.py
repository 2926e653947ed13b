from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import cv2
import httpx
import numpy as np
import pytest
from pydicom import dcmread

from tests.app.conftest import MakeClient, Service
from tests.app.fakes import Box, FakeEngine, HeartEngine, decode, dicom, encode, picture, png_header, truth

BOX: Box = (8, 12, 16, 40)


def mask_of(answer: httpx.Response) -> np.ndarray:
    assert answer.status_code == 200, answer.text
    return decode(b64decode(answer.json()["mask"]["data"]))


def test_form_upload_is_segmented(shared_client: Service) -> None:
    answer = shared_client.post("/segment", files={"image": ("x.png", encode(picture(BOX)))})
    assert np.array_equal(mask_of(answer), truth(BOX))


@pytest.mark.parametrize(
    "content_type", ["image/png", "application/x-www-form-urlencoded", "text/html", None]
)
def test_raw_body_is_read_whatever_its_declared_type(
    shared_client: Service, content_type: str | None
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    answer = shared_client.post("/segment", content=encode(picture(BOX)), headers=headers)
    assert np.array_equal(mask_of(answer), truth(BOX))


def test_large_image_is_spooled_to_disk(shared_client: Service) -> None:
    noise = np.random.default_rng(0).integers(150, 250, (1400, 1400), np.uint8)
    noise[300:900, 200:500] = 20
    data = encode(noise)
    assert len(data) > 1_100_000
    raw = shared_client.post("/segment", content=data)
    form = shared_client.post("/segment", files={"image": ("x", data)})
    assert mask_of(raw).shape == (1400, 1400)
    assert mask_of(raw)[600, 350]
    assert np.array_equal(mask_of(raw), mask_of(form))


def test_document_has_all_fields(shared_client: Service) -> None:
    document = shared_client.post("/segment", content=encode(picture(BOX))).json()
    assert set(document) == {
        *("image", "mask", "lungs", "heart", "cardiothoracic_ratio", "quality", "model", "timing_ms")
    }
    assert document["heart"] is document["cardiothoracic_ratio"] is None
    assert document["image"] == {
        "width": 64,
        "height": 64,
        "format": "png",
        "spacing_mm": None,
        "spacing_plane": None,
        "applied": [],
        "picture": None,
        "sides_from": "convention",
        "left_at": "right",
        "patient_orientation": None,
    }
    assert document["lungs"]["left"] is None
    right = document["lungs"]["right"]
    assert (right["area_px"], right["area_mm2"], right["box"]) == (16 * 40, None, list(BOX))
    assert set(document["quality"]) == {"predicted_iou", "trusted", "warnings"}
    assert document["model"] == {
        "name": "fake",
        "sha256": "0" * 64,
        "engine": "fake-fp32",
        "device": "cpu",
        "threshold": 0.5,
    }
    assert set(document["timing_ms"]) == {"decode", "queue", "inference", "postprocess", "encode"}
    assert all(value >= 0 for value in document["timing_ms"].values())


def test_accept_selects_the_mask_as_png(shared_client: Service) -> None:
    answer = shared_client.post("/segment", content=encode(picture(BOX)), headers={"Accept": "image/png"})
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["vary"] == "Accept"
    assert answer.content[24] == 1, "one bit a pixel"
    assert np.array_equal(decode(answer.content), truth(BOX))


def test_overlay_is_drawn(shared_client: Service) -> None:
    answer = shared_client.post(
        "/segment?render=overlay", content=encode(picture(BOX)), headers={"Accept": "image/png"}
    )
    assert answer.headers["content-type"] == "image/png"
    assert answer.content[25] == 2, "in colour"
    assert decode(answer.content).shape == (64, 64)


def test_mask_encodings_hold_the_same_mask(shared_client: Service) -> None:
    def mask(encoding: str) -> object:
        return shared_client.post(f"/segment?mask={encoding}", content=encode(picture(BOX))).json()["mask"]

    rle, polygons = mask("rle"), mask("polygons")
    assert isinstance(rle, dict)
    assert rle["encoding"] == "rle"
    assert rle["data"]["size"] == [64, 64]
    assert isinstance(polygons, dict)
    assert polygons["encoding"] == "polygons"
    assert len(polygons["data"]) == 1
    assert mask("none") is None


def test_threshold_and_postprocessing_change_the_mask(shared_client: Service) -> None:
    pixels = picture(BOX)
    pixels[2:4, 50:52] = 40
    raw = shared_client.post("/segment?postprocess=false", content=encode(pixels))
    assert np.array_equal(mask_of(raw), pixels < 100)
    assert np.array_equal(mask_of(shared_client.post("/segment", content=encode(pixels))), truth(BOX))
    strict = shared_client.post("/segment?threshold=0.99", content=encode(pixels))
    assert not mask_of(strict).any()
    assert strict.json()["model"]["threshold"] == 0.99


BAD_BODIES = {
    "garbage": (b"\x00\x13rubbish" * 99, {400, 415}),
    "truncated": (encode(picture())[:-60], {400}),
    "empty": (b"", {400}),
    "text": (b"this is no image, whatever its name says", {415}),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", {415}),
    "gif": (b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", {415}),
    "too many pixels": (png_header(60_000, 60_000), {413}),
}


@pytest.mark.parametrize("name", BAD_BODIES)
@pytest.mark.parametrize("form", [False, True])
def test_bad_image_is_rejected_and_the_next_is_segmented(
    shared_client: Service, name: str, form: bool
) -> None:
    data, statuses = BAD_BODIES[name]
    if form:
        answer = shared_client.post("/segment", files={"image": ("x.png", data, "image/png")})
    else:
        answer = shared_client.post("/segment", content=data, headers={"Content-Type": "image/png"})
    assert answer.status_code in statuses, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) == {"type", "title", "status", "detail"}
    assert problem["status"] == answer.status_code
    assert problem["detail"].endswith((".", "]"))
    good = shared_client.post("/segment", content=encode(picture(BOX)))
    assert np.array_equal(mask_of(good), truth(BOX))


def test_unexpected_reader_error_is_answered_with_400(
    shared_client: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RecursionError("DOE^JANE")

    with monkeypatch.context() as patch:
        patch.setattr("model.reading.reader.read_raster", broken)
        answer = shared_client.post("/segment", content=encode(picture()))
    assert answer.status_code == 400
    assert "DOE" not in answer.text


@pytest.mark.parametrize(
    "query",
    [
        "threshold=1.5",
        "threshold=-0.1",
        "threshold=high",
        "threshold=nan",
        "postprocess=perhaps",
        "mask=jpeg",
        "render=3d",
        "treshold=0.5",
    ],
)
def test_wrong_parameter_is_named(shared_client: Service, query: str) -> None:
    answer = shared_client.post(f"/segment?{query}", content=encode(picture()))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert query.split("=")[0] in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "query", "detail"),
    [
        ("/segment", "thresh=0.5", "Unknown query parameter `thresh`. Did you mean `threshold`?"),
        ("/segment", "Threshold=0.5", "Unknown query parameter `Threshold`. Did you mean `threshold`?"),
        ("/segment", "post_process=1", "Unknown query parameter `post_process`. Did you mean `postprocess`?"),
        ("/evaluate", "re-size=1", "Unknown query parameter `re-size`. Did you mean `resize`?"),
        (
            "/segment",
            "threshold=2",
            "The query parameter `threshold` is not valid: input should be less than or equal to 1.",
        ),
        (
            "/segment",
            "threshold=2&mask=jpeg",
            "The query parameter `threshold` is not valid: input should be less than or equal to 1. The "
            "query parameter `mask` is not valid: input should be 'png', 'rle', 'polygons', 'geojson' or "
            "'none'.",
        ),
    ],
)
def test_query_errors_suggest_a_correction(
    shared_client: Service, path: str, query: str, detail: str
) -> None:
    answer = shared_client.post(f"{path}?{query}", content=encode(picture()))
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:pleura:problem:wrong-parameters"
    assert answer.json()["detail"] == detail


@pytest.mark.parametrize(("name", "told"), [("xyz", " `xyz`"), ("a%20patient", "")])
def test_unknown_parameter_without_a_similar_one_gets_the_list(
    shared_client: Service, name: str, told: str
) -> None:
    detail = shared_client.post(f"/segment.png?{name}=1", content=encode(picture())).json()["detail"]
    assert detail.startswith(f"Unknown query parameter{told}. Known are `threshold`, `postprocess`")
    assert "`render`" in detail


def test_query_with_many_errors_gets_a_short_answer(shared_client: Service) -> None:
    query = "&".join(f"parameter{number}=1" for number in range(500))
    answer = shared_client.post(f"/segment?{query}", content=encode(picture()))
    assert answer.status_code == 422
    assert len(answer.text) < 1000


def test_dicom_image_can_be_answered_as_seg(shared_client: Service) -> None:
    source = dicom(picture(BOX))
    answer = shared_client.post("/segment", content=source, headers={"Accept": "application/dicom"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/dicom"
    made = dcmread(BytesIO(answer.content))
    assert made.Modality == "SEG"
    assert made.PatientID == "DOE-1"
    assert [segment.SegmentLabel for segment in made.SegmentSequence] == ["Right lung", "Left lung"]
    assert np.count_nonzero(made.pixel_array) == np.count_nonzero(truth(BOX))


def test_document_of_dicom_has_spacing_and_transforms(shared_client: Service) -> None:
    document = shared_client.post("/segment", content=dicom(picture(BOX))).json()
    assert document["image"]["format"] == "dicom"
    assert document["image"]["spacing_mm"] == [0.5, 0.5]
    assert document["image"]["spacing_plane"] == "unknown"
    assert document["lungs"]["right"]["area_mm2"] == 16 * 40 / 4
    assert "DOE" not in str(document)


def test_dicom_answer_for_another_image_is_rejected(make_client: MakeClient) -> None:
    client = make_client()
    answer = client.post("/segment", content=encode(picture()), headers={"Accept": "application/dicom"})
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:pleura:problem:not-dicom"
    assert client.engine.batches == [], "the network was not troubled"


def test_unacceptable_media_type_is_answered_with_406(shared_client: Service) -> None:
    answer = shared_client.post("/segment", content=encode(picture()), headers={"Accept": "text/html"})
    assert answer.status_code == 406
    assert answer.headers["content-type"] == "application/problem+json"


def test_untrusted_mask_is_rejected_if_configured(make_client: MakeClient) -> None:
    blank = encode(np.full((64, 64), 90, np.uint8))
    assert make_client().post("/segment", content=blank).status_code == 200
    answer = make_client(reject_untrusted=True).post("/segment", content=blank)
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:pleura:problem:untrusted-mask"


@pytest.mark.parametrize(
    ("device", "streams", "max_batch", "largest"),
    [("cpu", 1, 1, 1), ("cpu", 1, 8, 8), ("cpu", 4, 4, 1), ("cuda", 2, 8, 8)],
)
def test_concurrent_requests_get_their_own_masks(
    make_client: MakeClient, device: str, streams: int, max_batch: int, largest: int
) -> None:
    engine = FakeEngine(device=device, streams=streams, max_batch=max_batch)
    client = make_client(engine, queue_size=100)
    boxes: list[Box] = [
        (2 + index % 30, 3 + index // 4, 8 + index % 7, 20 + index % 11) for index in range(60)
    ]

    def one(box: Box) -> bool:
        return np.array_equal(mask_of(client.post("/segment", content=encode(picture(box)))), truth(box))

    with ThreadPoolExecutor(20) as threads:
        assert all(threads.map(one, boxes))
    assert sum(client.engine.batches) == 60
    assert max(client.engine.batches) <= largest


def test_accept_headers_in_several_lines_are_joined(shared_client: Service) -> None:
    lines = [("Accept", "application/json;q=0.5"), ("Accept", "image/png")]
    answer = shared_client.post("/segment", content=encode(picture()), headers=lines)
    assert answer.headers["content-type"] == "image/png"


@pytest.mark.parametrize(
    "accept", ["*/*", "application/json", "image/png", "text/html", "application/json, text/plain, */*"]
)
def test_path_with_a_suffix_overrides_accept(shared_client: Service, accept: str) -> None:
    """Generated clients accept what they please, often JSON alone, for the sake of errors."""
    headers = {"Accept": accept}
    png = shared_client.post("/segment.png", content=dicom(picture(BOX)), headers=headers)
    assert png.headers["content-type"] == "image/png"
    assert np.array_equal(decode(png.content), truth(BOX))
    seg = shared_client.post("/segment.dcm", files={"image": ("x", dicom(picture(BOX)))}, headers=headers)
    assert seg.headers["content-type"] == "application/dicom"
    assert dcmread(BytesIO(seg.content)).Modality == "SEG"


@pytest.mark.parametrize(
    ("path", "beginning"), [("/segment.png", b"\x89PNG"), ("/segment.dcm", bytes(128) + b"DICM")]
)
def test_file_can_be_requested_as_octet_stream(shared_client: Service, path: str, beginning: bytes) -> None:
    accept = {"Accept": "application/octet-stream, */*;q=0.5"}
    answer = shared_client.post(path, content=dicom(picture(BOX)), headers=accept)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.content.startswith(beginning)


def test_file_paths_take_their_options(shared_client: Service) -> None:
    overlay = shared_client.post("/segment.png?render=overlay", content=encode(picture(BOX)))
    assert overlay.content[25] == 2, "in colour"
    strict = shared_client.post("/segment.png?threshold=0.99", content=encode(picture(BOX)))
    assert not decode(strict.content).any()
    for path in ("/segment.png?mask=rle", "/segment.dcm?render=mask", "/segment.dcm?mask=png"):
        assert shared_client.post(path, content=dicom(picture(BOX))).status_code == 422, path


def test_dicom_path_rejects_other_images(shared_client: Service) -> None:
    answer = shared_client.post("/segment.dcm", content=encode(picture()))
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:pleura:problem:not-dicom"


def test_heart_is_returned_if_the_checkpoint_segments_it(make_client: MakeClient) -> None:
    pixels = np.random.default_rng(0).integers(110, 190, (64, 64)).astype(np.uint8)
    for left in (8, 40):
        pixels[12:52, left : left + 16] //= 6
    pixels[30:50, 26:38] = 255
    document = make_client(HeartEngine()).post("/segment", content=encode(pixels)).json()
    assert document["heart"]["box"] == [26, 30, 12, 20]
    ratio = document["cardiothoracic_ratio"]
    # A checkpoint that was not calibrated trusts no mask.
    assert (ratio["value"], ratio["reason"]) == (None, "The mask of the lungs is not trusted.")
    assert "Dong" in ratio["method"]


@pytest.mark.parametrize(("age", "warned"), [("004Y", True), ("044Y", False)])
def test_child_by_the_header_has_a_warning(shared_client: Service, age: str, warned: bool) -> None:
    dataset = dcmread(BytesIO(dicom(picture(BOX))))
    dataset.PatientAge = age
    file = BytesIO()
    dataset.save_as(file)
    answer = shared_client.post("/segment", content=file.getvalue())
    warnings = answer.json()["quality"]["warnings"]
    assert ("child" in {warning["code"] for warning in warnings}) is warned
    assert not any(age.strip("0Y") in warning["message"].split() for warning in warnings)


def test_overlay_outlines_the_heart(make_client: MakeClient) -> None:
    pixels = picture(BOX)
    pixels[30:50, 26:38] = 255
    client = make_client(HeartEngine())
    answer = client.post("/segment.png?render=overlay", content=encode(pixels))
    shown = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert np.ptp(shown[40, 26].astype(int)) > 50
