import pytest
from requests import Response, exceptions

from pacs.answers import translated
from pacs.errors import PacsError, Refused, Unavailable


def answered(status: int, **headers: str) -> exceptions.HTTPError:
    response = Response()
    response.status_code = status
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return exceptions.HTTPError("DOE^JANE", response=response)


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (answered(400), Refused),
        (answered(401), PacsError),
        (answered(403), Refused),
        (answered(404), Refused),
        (answered(408), Unavailable),
        (answered(409), Refused),
        (answered(429), Unavailable),
        (answered(500), Unavailable),
        (answered(507), Unavailable),
        (exceptions.HTTPError("DOE^JANE"), Unavailable),
        (exceptions.TooManyRedirects("DOE^JANE"), PacsError),
        (exceptions.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] DOE^JANE"), PacsError),
        (exceptions.SSLError("UNEXPECTED_EOF_WHILE_READING DOE^JANE"), Unavailable),
        (exceptions.ConnectionError("DOE^JANE"), Unavailable),
        (exceptions.ReadTimeout("DOE^JANE"), Unavailable),
        (exceptions.ChunkedEncodingError("DOE^JANE"), Unavailable),
        (exceptions.JSONDecodeError("DOE^JANE", "", 0), Unavailable),
        (KeyError("DOE^JANE"), Unavailable),
        (RecursionError("DOE^JANE"), Unavailable),
        (Refused("more than 256 MB"), Refused),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)
def test_http_failures_become_errors_of_the_watcher(raised: Exception, expected: type[Exception]) -> None:
    with pytest.raises(expected) as error, translated():
        raise raised
    assert "DOE" not in str(error.value)


@pytest.mark.parametrize(
    ("header", "seconds"), [("17", 17), ("", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None)]
)
def test_retry_after_is_read(header: str, seconds: float | None) -> None:
    with pytest.raises(Unavailable) as error, translated():
        raise answered(503, Retry_After=header)
    assert error.value.retry_after_s == seconds
