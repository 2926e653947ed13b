import httpx
import pytest
from pleura_client import (
    InvalidArgument,
    PleuraClientError,
    RequestRefused,
    ServiceUnavailable,
    ServiceUnreachable,
)
from pleura_client.retries import Retries

from tests.client.transports import Script, Step, client_of, problem, ready_now, segmentation_document


def document() -> httpx.Response:
    return httpx.Response(200, json=segmentation_document())


@pytest.mark.parametrize(
    "failure",
    [
        problem(429),
        problem(503),
        httpx.Response(503, text="a proxy's own page"),
        httpx.ConnectError,
        httpx.ConnectTimeout,
        httpx.ReadError,
        httpx.WriteError,
        httpx.RemoteProtocolError,
    ],
    ids=str,
)
def test_busy_answers_are_retried(failure: Step) -> None:
    slept: list[float] = []
    script = Script(failure, document())
    with client_of(script, slept) as pleura:
        assert pleura.segment(b"image").mask.shape == (3, 2)
    first, second = script.requests
    assert first.content == second.content == b"image"
    assert first.url == second.url
    assert len(slept) == 1
    assert 0 <= slept[0] <= 0.5


@pytest.mark.parametrize(
    ("failure", "raised"),
    [
        (problem(400), RequestRefused),
        (problem(401), RequestRefused),
        (problem(404), RequestRefused),
        (problem(413), RequestRefused),
        (problem(422), RequestRefused),
        (problem(408), ServiceUnavailable),
        (problem(500), ServiceUnavailable),
        (httpx.Response(502, text="bad gateway"), ServiceUnavailable),
        (problem(504), ServiceUnavailable),
        (problem(507), ServiceUnavailable),
        (httpx.ReadTimeout, ServiceUnreachable),
        (httpx.WriteTimeout, ServiceUnreachable),
        (httpx.UnsupportedProtocol, ServiceUnreachable),
    ],
    ids=str,
)
def test_other_answers_are_not_retried(failure: Step, raised: type[PleuraClientError]) -> None:
    slept: list[float] = []
    script = Script(failure)
    with client_of(script, slept) as pleura, pytest.raises(raised):
        pleura.segment(b"image")
    assert len(script.requests) == 1
    assert slept == []


def test_form_is_sent_again_complete() -> None:
    script = Script(problem(503), problem(503))
    with client_of(script, [], retries=1) as pleura, pytest.raises(ServiceUnavailable):
        pleura.evaluate(b"image", b"mask")
    for request in script.requests:
        assert b"image" in request.content
        assert b"mask" in request.content
        assert request.headers["Content-Length"] == str(len(request.content))


@pytest.mark.parametrize("retries", [0, 1, 4])
def test_retries_end_at_the_limit(retries: int) -> None:
    slept: list[float] = []
    script = Script(*(problem(429, detail=f"Number {number}.") for number in range(retries + 1)))
    client = client_of(script, slept, retries=retries)
    with client, pytest.raises(ServiceUnavailable, match=f"Number {retries}"):
        client.model()
    assert len(script.requests) == retries + 1
    assert len(slept) == retries


def test_retry_after_is_honoured_up_to_the_limit() -> None:
    slept: list[float] = []
    script = Script(
        problem(429, headers={"Retry-After": "7"}),
        problem(503, headers={"Retry-After": "30"}),
        problem(503, headers={"Retry-After": "31"}),
    )
    with client_of(script, slept) as pleura, pytest.raises(ServiceUnavailable) as caught:
        pleura.model()
    assert 7 <= slept[0] <= 7.5
    assert slept[1:] == [30]
    assert caught.value.retry_after == 31


def retries(jitter: float = 1, longest_s: float = 30, clock: float = 0) -> Retries:
    return Retries(times=100, longest_s=longest_s, jitter=lambda: jitter, clock=lambda: clock)


def test_pause_doubles_up_to_the_longest() -> None:
    waits = [retries().wait(problem(503), sent=sent) for sent in range(1, 10)]
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert retries().wait(problem(503), sent=100) == 30
    assert retries().wait(problem(503), sent=101) is None


def test_pause_has_random_jitter() -> None:
    answer = problem(503, headers={"Retry-After": "5"})
    assert retries(jitter=0).wait(problem(503), sent=3) == 0
    assert retries(jitter=0.25).wait(problem(503), sent=3) == 0.5
    assert retries(jitter=0).wait(answer, sent=3) == 5
    assert retries(jitter=0.25).wait(answer, sent=3) == 5.5
    assert retries(longest_s=6).wait(answer, sent=3) == 6


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("Thu, 01 Jan 1970 00:01:45 GMT", 5),
        ("Thu, 01 Jan 1970 00:01:00 GMT", 0),
        ("Fri, 02 Jan 1970 00:00:00 GMT", None),
        ("0", 0),
        ("", 0),
        ("soon", 0),
        ("-5", 0),
        ("1.5", 0),
        ("9" * 400, None),
        ("Thu, 01 Jan 99999 00:00:00 GMT", 0),
    ],
)
def test_retry_after_is_read_in_every_form(value: str, wait: float | None) -> None:
    answer = problem(503, headers={"Retry-After": value})
    assert retries(jitter=0, clock=100).wait(answer, sent=1) == wait


def test_ready_is_never_retried() -> None:
    slept: list[float] = []
    script = Script(problem(503), httpx.ConnectError, httpx.ReadTimeout, problem(404), ready_now())
    with client_of(script, slept) as pleura:
        assert [pleura.ready() for _ in range(3)] == [False] * 3
        with pytest.raises(RequestRefused):
            pleura.ready()
        assert pleura.ready()
    assert slept == []


@pytest.mark.parametrize("options", [{"retries": -1}, {"max_wait": -0.5}, {"max_wait": float("nan")}])
def test_impossible_limits_are_rejected(options: dict[str, float]) -> None:
    with pytest.raises(InvalidArgument):
        client_of(Script(), [], **options)
