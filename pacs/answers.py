"""From what requests raises to what the watcher can do about it."""

from collections.abc import Iterator
from contextlib import contextmanager

from requests import Response, exceptions

from .errors import PacsError, Refused, Unavailable

NOT_DICOMWEB = "an answer that is not DICOMweb"

_NOT_NOW = frozenset({408, 425, 429})


@contextmanager
def translated() -> Iterator[None]:
    """Turn what requests raises into the errors of `pacs.errors`.

    Raises:
        PacsError: wrong credentials, a certificate that is not trusted, a redirection.
        Unavailable: no answer, an overloaded or failing server, an answer that is cut off or no DICOMweb.
        Refused: any other status.
    """
    try:
        yield
    except exceptions.HTTPError as error:
        raise of_status(error.response) from None
    except exceptions.TooManyRedirects:
        raise PacsError("The PACS redirects to another address: give that one as --url.") from None
    except exceptions.SSLError as error:
        if "CERTIFICATE_VERIFY_FAILED" not in str(error):
            raise Unavailable("the TLS connection broke") from None
        raise PacsError(
            "The certificate of the PACS is not trusted: name the file of its authority in REQUESTS_CA_BUNDLE."
        ) from None
    except exceptions.ConnectionError:
        raise Unavailable("no connection") from None
    except exceptions.Timeout:
        raise Unavailable("no answer in time") from None
    except (exceptions.RequestException, LookupError, RecursionError, TypeError, ValueError):
        # Not JSON, not multipart, cut off: a proxy's own page, as a rule. Its text is not repeated.
        raise Unavailable(NOT_DICOMWEB) from None


def of_status(response: Response | None) -> Exception:
    """The error that an answer's status stands for."""
    if response is None:
        return Unavailable("no answer")
    status = response.status_code
    if status in (401, 403):
        return PacsError(
            f"The PACS refuses access ({status}): check PLEURA_PACS_USER and PLEURA_PACS_PASSWORD, or PLEURA_PACS_TOKEN."
        )
    if status >= 500 or status in _NOT_NOW:
        after = response.headers.get("Retry-After", "")
        return Unavailable(f"status {status}", retry_after_s=float(after) if after.isdecimal() else None)
    return Refused(f"status {status}", status=status)
