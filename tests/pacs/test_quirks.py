"""PACS that deviate from the standard, as found in the field."""

import json
from collections.abc import Callable

import pytest
from requests import PreparedRequest

from pacs import archive
from pacs.client import ANY_SYNTAX, RETRIEVE
from pacs.errors import PacsError
from pacs.worker import Outcome
from tests.pacs.conftest import Lines, Watched
from tests.pacs.radiographs import radiograph, read, slice_of_ct
from tests.pacs.stand_in import LOGIN_PAGE, Answer, StandIn, Usual, multipart, path_of, report, stored_uid

pytestmark = pytest.mark.slow

Watch = Callable[..., Watched]

FETCH = r"/studies/[\d.]+/series/[\d.]+/instances/[\d.]+"
STORE = r"/studies/[\d.]+"


def uid(data: bytes) -> str:
    return str(read(data).SOPInstanceUID)


def accepts(request: PreparedRequest) -> str:
    return str(request.headers["Accept"])


def is_search(request: PreparedRequest) -> bool:
    return request.method == "GET" and path_of(request).endswith(("/series", "/instances", "/studies"))


def is_fetch(request: PreparedRequest) -> bool:
    return "/instances/" in path_of(request) and not path_of(request).endswith("/metadata")


@pytest.fixture
def three(stand_in: StandIn) -> list[bytes]:
    """What the PACS has at first."""
    files = [radiograph(), radiograph(Modality="CR"), radiograph()]
    stand_in.files.extend(files)
    return files


def all_stored(stand_in: StandIn, files: list[bytes]) -> bool:
    return sorted(stand_in.sources_of_segmentations()) == sorted(map(uid, files))


@pytest.mark.parametrize("status", [400, 406, 415, 422, 500, 501])
def test_rejected_transfer_syntax_parameter_is_left_out(
    status: int, stand_in: StandIn, watch: Watch, three: list[bytes]
) -> None:
    def quirk(request: PreparedRequest, usual: Usual) -> Answer:
        refused = is_fetch(request) and "transfer-syntax" in accepts(request)
        return Answer(status, b"DOE^JANE", "text/plain") if refused else usual()

    stand_in.quirk = quirk
    watcher = watch()
    watcher.once()
    assert watcher.outcomes == {Outcome.STORED: 3}
    assert all_stored(stand_in, three)
    asked = [accepts(request) for request in stand_in.requests("GET", FETCH)]
    # What it refuses is not asked of it again; one that fails may only have failed then.
    assert asked.count(ANY_SYNTAX) == (3 if status == 500 else 1)


def test_pacs_that_returns_a_plain_file_is_accepted(
    stand_in: StandIn, watch: Watch, three: list[bytes]
) -> None:
    def quirk(request: PreparedRequest, usual: Usual) -> Answer:
        return Answer(406) if is_fetch(request) and "multipart" in accepts(request) else usual()

    stand_in.quirk = quirk
    watcher = watch()
    watcher.once()
    assert watcher.outcomes == {Outcome.STORED: 3}
    assert len(stand_in.requests("GET", FETCH)) == len(RETRIEVE) + 2


def test_instance_that_no_variant_retrieves_is_refused(
    stand_in: StandIn, watch: Watch, three: list[bytes], lines: Lines
) -> None:
    stand_in.quirk = lambda request, usual: Answer(406) if is_fetch(request) else usual()
    watcher = watch()
    watcher.once()
    assert watcher.outcomes == {Outcome.REFUSED: 3}
    assert len(lines.about("status 406")) == 3


def test_study_without_access_is_passed_over(stand_in: StandIn, watch: Watch, three: list[bytes]) -> None:
    closed = str(read(three[0]).StudyInstanceUID)

    def quirk(request: PreparedRequest, usual: Usual) -> Answer:
        return Answer(403) if f"/studies/{closed}/" in path_of(request) else usual()

    stand_in.quirk = quirk
    watcher = watch()
    watcher.once()
    assert all_stored(stand_in, three[1:])


def test_search_without_access_names_the_credentials(
    stand_in: StandIn, watch: Watch, three: list[bytes]
) -> None:
    stand_in.quirk = lambda request, usual: Answer(403) if is_search(request) else usual()
    with pytest.raises(PacsError, match=r"denies access \(403\): check PLEURA_PACS_USER"):
        watch().once()


def test_missing_instance_is_requested_once(stand_in: StandIn, watch: Watch) -> None:
    stand_in.files.append(radiograph())
    stand_in.quirk = lambda request, usual: Answer(404) if is_fetch(request) else usual()
    watch().once()
    assert len(stand_in.requests("GET", FETCH)) == 1


def as_part(named: str) -> Callable[[bytes], Answer]:
    return lambda data: multipart(data, named=named)


@pytest.mark.parametrize(
    "give",
    [
        multipart,
        as_part('type="application/dicom"; boundary="xyz"'),
        as_part("type=application/dicom; boundary=xyz"),
        as_part("Boundary=xyz"),
        as_part('type="application/dicom"'),
        lambda data: Answer(body=data, type="application/dicom"),
        lambda data: Answer(body=data, type="application/dicom; transfer-syntax=1.2.840.10008.1.2.1"),
        lambda data: Answer(body=data, type="application/octet-stream"),
        lambda data: Answer(body=data, type=""),
        lambda data: Answer(body=data, type="multipart/related"),
    ],
    ids=[
        "as the standard has it",
        "boundary in quotes",
        "type without quotes",
        "no type, Boundary",
        "boundary only in the body",
        "no multipart",
        "no multipart, with parameters",
        "bytes",
        "no content type",
        "multipart in name only",
    ],
)
def test_file_is_read_from_any_multipart_form(
    give: Callable[[bytes], Answer], stand_in: StandIn, watch: Watch, three: list[bytes]
) -> None:
    by_uid = {uid(data): data for data in three}

    def quirk(request: PreparedRequest, usual: Usual) -> Answer:
        return give(by_uid[path_of(request).rsplit("/", 1)[1]]) if is_fetch(request) else usual()

    stand_in.quirk = quirk
    watcher = watch()
    watcher.once()
    assert watcher.outcomes == {Outcome.STORED: 3}


def cut(data: bytes) -> Answer:
    whole = multipart(data)
    return Answer(body=whole.body[:-30], type=whole.type)


def two(data: bytes) -> Answer:
    one = multipart(data)
    return Answer(body=one.body[:-2] + one.body, type=one.type)


@pytest.mark.parametrize(
    "give",
    [
        cut,
        two,
        lambda data: LOGIN_PAGE,
        lambda data: Answer(),
        lambda data: Answer(body=b'{"message": "DOE^JANE"}', type="application/json"),
        lambda data: Answer(body=data, type="multipart/related; boundary=other"),
    ],
    ids=["cut off", "two parts", "login page", "empty", "JSON", "another boundary"],
)
def test_response_without_a_file_is_postponed(
    give: Callable[[bytes], Answer], stand_in: StandIn, watch: Watch, lines: Lines
) -> None:
    data = radiograph()
    stand_in.files.append(data)
    stand_in.quirk = lambda request, usual: give(data) if is_fetch(request) else usual()
    watcher = watch()
    watcher.once()
    assert (watcher.outcomes, len(watcher.postponed)) == ({}, 1)
    assert "put off" in lines.lines[-1]
    assert "DOE" not in "".join(lines.lines)


@pytest.mark.parametrize("status", [404, 410])
def test_search_without_results_may_return_404(status: int, stand_in: StandIn, watch: Watch) -> None:
    def quirk(request: PreparedRequest, usual: Usual) -> Answer:
        answer = usual()
        return Answer(status, b"", "") if is_search(request) and answer.status == 204 else answer

    stand_in.quirk = quirk
    stand_in.files.extend([radiograph(), radiograph()])
    watcher = watch()
    watcher.once()
    assert watcher.outcomes == {Outcome.STORED: 2}


def test_archive_of_other_modalities_may_return_404(stand_in: StandIn, watch: Watch) -> None:
    def quirk(request: PreparedRequest, usual: Usual) -> Answer:
        answer = usual()
        return Answer(404) if answer.status == 204 else answer

    stand_in.files.append(slice_of_ct())
    stand_in.quirk = quirk
    watcher = watch()
    watcher.once()
    assert watcher.outcomes == {}


def test_address_that_returns_404_to_everything_ends_the_watcher(stand_in: StandIn, watch: Watch) -> None:
    stand_in.quirk = lambda request, usual: Answer(404, b"<html>DOE^JANE</html>", "text/html")
    with pytest.raises(PacsError, match=r"rejects the search for series \(status 404\)"):
        watch().once()


def test_404_after_the_last_page_ends_the_search(
    stand_in: StandIn, watch: Watch, three: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "PAGE", 2)

    def quirk(request: PreparedRequest, usual: Usual) -> Answer:
        answer = usual()
        return Answer(404) if answer.status == 204 and "offset=0" not in str(request.url) else answer

    stand_in.quirk = quirk
    watcher = watch()
    watcher.once()
    assert watcher.outcomes == {Outcome.STORED: 3}


@pytest.mark.parametrize(
    "nothing",
    [Answer(204), Answer(200), Answer(200, b"[]"), Answer(200, b"[]", "text/plain"), Answer(200, b"null")],
    ids=["204", "empty body", "empty list", "other type", "null"],
)
def test_empty_result_in_any_form_is_accepted(nothing: Answer, stand_in: StandIn, watch: Watch) -> None:
    stand_in.quirk = lambda request, usual: nothing
    watcher = watch()
    watcher.once()
    assert watcher.outcomes == {}


@pytest.mark.parametrize("kind", ["application/json", "application/json;charset=utf-8", "text/plain", ""])
def test_json_of_any_content_type_is_read(
    kind: str, stand_in: StandIn, watch: Watch, three: list[bytes]
) -> None:
    def quirk(request: PreparedRequest, usual: Usual) -> Answer:
        answer = usual()
        if answer.type == "application/dicom+json":
            answer.type = kind
        return answer

    stand_in.quirk = quirk
    watcher = watch()
    watcher.once()
    assert watcher.outcomes == {Outcome.STORED: 3}


@pytest.mark.parametrize(
    "page",
    [
        LOGIN_PAGE,
        Answer(body=b'{"error": "DOE^JANE"}', type="application/json"),
        Answer(body=b'["DOE^JANE"]'),
        Answer(body=b'"DOE^JANE"'),
        Answer(body=b"17"),
        Answer(body=b"[" * 100_000),
        Answer(body=b'[{"00080060": '),
    ],
    ids=["login page", "another API", "list of texts", "text", "number", "deep", "cut off"],
)
def test_search_response_that_is_not_dicomweb_is_retried_then_reported(
    page: Answer, stand_in: StandIn, watch: Watch, lines: Lines
) -> None:
    stand_in.quirk = lambda request, usual: page
    with pytest.raises(PacsError, match="the response is not DICOMweb"):
        watch().once()
    assert len(stand_in.asked) == archive.SEARCH_ATTEMPTS
    assert "DOE" not in "".join(lines.lines)


@pytest.mark.parametrize("status", [400, 406, 500, 501])
def test_rejected_includefield_is_left_out(
    status: int, stand_in: StandIn, watch: Watch, three: list[bytes]
) -> None:
    def quirk(request: PreparedRequest, usual: Usual) -> Answer:
        return Answer(status) if "includefield" in str(request.url) else usual()

    stand_in.quirk = quirk
    watcher = watch()
    watcher.once()
    assert watcher.outcomes == {Outcome.STORED: 3}


@pytest.mark.parametrize(
    "said",
    [LOGIN_PAGE, Answer(body=b"<html/>", type="application/xhtml+xml"), Answer(302), Answer(body=b"[1, 2]")],
    ids=["login page", "XHTML", "302 to nowhere", "list"],
)
def test_store_response_that_is_not_dicomweb_is_postponed(
    said: Answer, stand_in: StandIn, watch: Watch, lines: Lines
) -> None:
    stand_in.files.append(radiograph())
    stand_in.quirk = lambda request, usual: said if request.method == "POST" else usual()
    watcher = watch()
    watcher.once()
    assert (watcher.outcomes, len(watcher.postponed)) == ({}, 1)
    assert "put off" in lines.lines[-1]
    assert "the response is not DICOMweb" in lines.lines[-1]
    stand_in.quirk = lambda request, usual: usual()
    watcher.now += 61
    watcher.once()
    assert (watcher.outcomes, len(watcher.postponed)) == ({Outcome.STORED: 1}, 0)
    assert "DOE" not in "".join(lines.lines)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (Answer(), "the response is not DICOMweb"),
        (Answer(204), "the response is not DICOMweb"),
        (Answer(body=b"<NativeDicomModel/>", type="application/dicom+xml"), "the response is not DICOMweb"),
        (None, "not found after it was stored"),
    ],
    ids=["empty", "204", "XML", "said to be stored"],
)
def test_instance_not_found_after_a_store_is_not_stored(
    said: Answer | None, reason: str, stand_in: StandIn, watch: Watch, lines: Lines
) -> None:
    data = radiograph()
    stand_in.files.append(data)

    def quirk(request: PreparedRequest, usual: Usual) -> Answer:
        if request.method == "POST":
            return report(stored=stored_uid(request)) if said is None else said
        return usual()

    stand_in.quirk = quirk
    watcher = watch()
    watcher.once()
    assert (watcher.outcomes, len(watcher.postponed)) == ({}, 1)
    assert reason in lines.lines[-1]
    assert not lines.about("stored instance=")


@pytest.mark.parametrize(
    "said",
    [
        Answer(),
        Answer(204),
        Answer(202),
        Answer(body=b"<NativeDicomModel/>", type="application/dicom+xml"),
        Answer(body=b"{}", type="application/json; charset=utf-8"),
    ],
    ids=["empty", "204", "202", "XML", "empty dataset"],
)
def test_empty_store_response_succeeds_if_the_instance_is_found(
    said: Answer, stand_in: StandIn, watch: Watch, three: list[bytes]
) -> None:
    def quirk(request: PreparedRequest, usual: Usual) -> Answer:
        answer = usual()
        return said if request.method == "POST" else answer

    stand_in.quirk = quirk
    watcher = watch()
    watcher.once()
    assert watcher.outcomes == {Outcome.STORED: 3}
    assert all_stored(stand_in, three)


def test_delayed_search_index_is_waited_for(stand_in: StandIn, watch: Watch) -> None:
    stand_in.files.append(radiograph())
    lag = iter(range(2))

    def quirk(request: PreparedRequest, usual: Usual) -> Answer:
        looks_up = "SOPInstanceUID=" in str(request.url) or path_of(request).endswith("/metadata")
        return Answer(204) if looks_up and next(lag, None) is not None else usual()

    stand_in.quirk = quirk
    watcher = watch()
    watcher.once()
    assert watcher.outcomes == {Outcome.STORED: 1}
    assert len(stand_in.requests("POST")) == 1


def test_instance_missing_from_searches_is_found_by_metadata(stand_in: StandIn, watch: Watch) -> None:
    stand_in.files.append(radiograph())
    stand_in.quirk = lambda request, usual: Answer(400) if "SOPInstanceUID=" in str(request.url) else usual()
    watcher = watch()
    watcher.once()
    assert watcher.outcomes == {Outcome.STORED: 1}
    assert watcher.waits == []


@pytest.mark.parametrize("status", [200, 202, 409])
@pytest.mark.parametrize("kind", ["application/dicom+json", "application/dicom+json; charset=utf-8"])
@pytest.mark.parametrize(
    ("reason", "ended"),
    [(0xA700, {}), (0x0110, {}), (0xC000, {Outcome.REFUSED: 1}), (None, {Outcome.REFUSED: 1})],
)
def test_failure_reason_in_a_store_response_is_read(
    status: int,
    kind: str,
    reason: int | None,
    ended: dict[Outcome, int],
    stand_in: StandIn,
    watch: Watch,
    lines: Lines,
) -> None:
    stand_in.files.append(radiograph())

    def quirk(request: PreparedRequest, usual: Usual) -> Answer:
        if request.method == "POST":
            failed = report(failed=stored_uid(request), reason=reason)
            return Answer(status, failed.body, kind)
        return usual()

    stand_in.quirk = quirk
    watcher = watch()
    watcher.once()
    assert watcher.outcomes == ended
    assert len(watcher.postponed) == (not ended)
    assert stand_in.sources_of_segmentations() == []
    if reason is not None:
        assert f"failure reason {reason:04X}" in lines.lines[-1]


def test_failure_of_another_instance_is_ignored(stand_in: StandIn, watch: Watch) -> None:
    stand_in.files.append(radiograph())

    def quirk(request: PreparedRequest, usual: Usual) -> Answer:
        answer = usual()
        return Answer(202, report(failed="1.2.3").body) if request.method == "POST" else answer

    stand_in.quirk = quirk
    watcher = watch()
    watcher.once()
    assert watcher.outcomes == {Outcome.STORED: 1}


def test_duplicate_instance_counts_as_present(stand_in: StandIn, watch: Watch) -> None:
    stand_in.files.append(radiograph())

    def quirk(request: PreparedRequest, usual: Usual) -> Answer:
        if request.method == "POST":
            usual()
            return Answer(409, report(failed=stored_uid(request), reason=0x0111).body)
        return usual()

    stand_in.quirk = quirk
    watcher = watch()
    watcher.once()
    assert watcher.outcomes == {Outcome.PRESENT: 1}


def test_rejected_json_store_response_is_requested_in_another_type(
    stand_in: StandIn, watch: Watch, three: list[bytes]
) -> None:
    def quirk(request: PreparedRequest, usual: Usual) -> Answer:
        return Answer(406) if request.method == "POST" and "json" in accepts(request) else usual()

    stand_in.quirk = quirk
    watcher = watch()
    watcher.once()
    assert watcher.outcomes == {Outcome.STORED: 3}
    assert len(stand_in.requests("POST", STORE)) == 4


@pytest.mark.parametrize("of", [is_search, is_fetch, lambda request: request.method == "POST"])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_credentials_are_not_sent_to_a_redirection(
    status: int,
    of: Callable[[PreparedRequest], bool],
    stand_in: StandIn,
    watch: Watch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PLEURA_PACS_TOKEN", "sesame")
    stand_in.files.append(radiograph())
    elsewhere = {"Location": "http://elsewhere.test/dicom-web/"}
    stand_in.quirk = lambda request, usual: Answer(status, headers=elsewhere) if of(request) else usual()
    with pytest.raises(PacsError, match="redirects to another address"):
        watch().once()
    assert {request.headers["Authorization"] for request in stand_in.asked} == {"Bearer sesame"}
    assert all(str(request.url).startswith(stand_in.url) for request in stand_in.asked)


@pytest.mark.parametrize("url", ["http://pacs.test:8042/dicom-web", "http://[::1]:8042/dicom-web"])
def test_the_host_header_names_the_port(url: str, stand_in: StandIn, watch: Watch) -> None:
    stand_in.url = url
    watch().once()
    hosts = {request.headers.get("Host") for request in stand_in.asked}
    assert hosts == {url.split("/")[2]}


def test_pacs_without_instance_counts_is_supported(
    stand_in: StandIn, watch: Watch, three: list[bytes]
) -> None:
    def quirk(request: PreparedRequest, usual: Usual) -> Answer:
        answer = usual()
        if is_search(request) and answer.body:
            rows = json.loads(answer.body)
            for row in rows:
                del row["00201209"]
            answer.body = json.dumps(rows).encode()
        return answer

    stand_in.quirk = quirk
    watcher = watch()
    for _ in range(3):
        watcher.once()
    assert watcher.outcomes == {Outcome.STORED: 3}
