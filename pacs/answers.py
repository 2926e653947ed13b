"""Translation of HTTP failures, as requests raises them, into the errors of `pacs.errors`."""

from collections.abc import Iterator
from contextlib import contextmanager

from requests import Response, exceptions

from .errors import PacsError, Refused, Unavailable

NOT_DICOMWEB = "the response is not DICOMweb"

_NOT_NOW = frozenset({408, 425, 429})


@contextmanager
def translated() -> Iterator[None]:
    """Turn what requests raises into the errors of `pacs.errors`.

    Raises:
        PacsError: Wrong credentials, an untrusted certificate or a redirection.
        Unavailable: No response, an overloaded or failing server, or a response that is truncated or
            not DICOMweb.
        Refused: Any other status.
    """
    try:
        yield
    except exceptions.HTTPError as error:
        raise of_status(error.response) from None
    except exceptions.TooManyRedirects:
        raise PacsError("The PACS redirects to another address: pass that address as --url.") from None
    except exceptions.SSLError as error:
        if "CERTIFICATE_VERIFY_FAILED" not in str(error):
            raise Unavailable("the TLS connection failed") from None
        raise PacsError(
            "The certificate of the PACS is not trusted: set REQUESTS_CA_BUNDLE to the file of its "
            "certificate authority."
        ) from None
    except exceptions.ConnectionError:
        raise Unavailable("no connection") from None
    except exceptions.Timeout:
        raise Unavailable("timed out") from None
    except (exceptions.RequestException, LookupError, RecursionError, TypeError, ValueError):
        # Not JSON, not multipart, or truncated: usually an error page of a proxy. Its text is not logged.
        raise Unavailable(NOT_DICOMWEB) from None


def access_denied(status: int) -> PacsError:
    """Return the error for credentials that the PACS does not accept."""
    return PacsError(
        f"The PACS denies access ({status}): check PLEURA_PACS_USER and PLEURA_PACS_PASSWORD, "
        "or PLEURA_PACS_TOKEN."
    )


def of_status(response: Response | None) -> Exception:
    """Return the error for the status of a response."""
    if response is None:
        return Unavailable("no response")
    status = response.status_code
    # 403 may concern one study only: the search for series, which needs access too, tells.
    if status == 401:
        return access_denied(status)
    if status >= 500 or status in _NOT_NOW:
        after = response.headers.get("Retry-After", "")
        return Unavailable(f"status {status}", retry_after_s=float(after) if after.isdecimal() else None)
    return Refused(f"status {status}", status=status)
