"""The response of a PACS to a store (PS3.18 10.5)."""

from __future__ import annotations

from email.message import Message
from typing import Any

from requests import Response

from .answers import of_status
from .attributes import first, values
from .errors import Refused, Unavailable

_FAILED, _OTHER_FAILURES, _STORED = "00081198", "0008119A", "00081199"
_REFERENCED_UID, _REASON = "00081155", "00081197"

_NOT_NOW = frozenset({0x0110, 0x0213})
"""Failure reasons (PS3.18 I.2) that are temporary: processing failure, resource limitation; also A7xx,
out of resources."""

_XML = frozenset({"application/dicom+xml", "application/xml", "text/xml"})


def check_stored(response: Response, uid: str) -> bool:
    """Check the response to a store of one instance.

    Args:
        response: The response, of any status and type.
        uid: SOP Instance UID of the instance.

    Returns:
        Whether the response confirms the instance. False for an empty response: a search must then
        confirm it.

    Raises:
        ValueError: The response is not DICOMweb; usually an error page of a proxy.
        Unavailable: The PACS cannot store the instance now.
        Refused: The PACS rejects the instance.
    """
    status = response.status_code
    if status >= 400 and status != 409:
        raise of_status(response)
    if not 200 <= status < 300 and status != 409:
        raise ValueError("not a response to a store")
    try:
        report = _report(response)
    except ValueError:
        if status == 409:
            raise of_status(response) from None
        raise
    failures = [item for item in values(report, _FAILED) if first(item, _REFERENCED_UID) in (uid, None)]
    for item in [*failures, *values(report, _OTHER_FAILURES)]:
        raise _failure(first(item, _REASON))
    if status == 409:
        raise of_status(response)
    return any(first(item, _REFERENCED_UID) == uid for item in values(report, _STORED))


def _report(response: Response) -> dict[str, Any]:
    """Return the response as a dataset in the DICOM JSON model; empty if it is empty or XML."""
    kind = Message()
    kind["Content-Type"] = response.headers.get("Content-Type", "")
    if not response.content.strip() or kind.get_content_type() in _XML:
        return {}
    report = response.json()
    if isinstance(report, list) and len(report) == 1:
        # Some servers wrap it in a list, as for a search.
        report = report[0]
    if not isinstance(report, dict):
        raise ValueError("not a dataset")
    return report


def _failure(reason: Any) -> Exception:
    if not isinstance(reason, int):
        return Refused("failure without a reason")
    words = f"failure reason {reason:04X}"
    return Unavailable(words) if reason in _NOT_NOW or reason >> 8 == 0xA7 else Refused(words)
