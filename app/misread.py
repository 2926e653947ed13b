"""What was sent where it is no image, said in words: bodies that other services take, and this one does not."""

from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass

from starlette.datastructures import UploadFile

from model.errors import UnsupportedImage
from model.reading.sniff import HEAD, sniff

from .errors import WrongFields

_INFER = "POST /v2/models/pleura/infer"


@dataclass(frozen=True, slots=True)
class Received:
    """A file that has arrived, and what was said of it.

    Attributes:
        upload: its bytes.
        content_type: as it was declared.
        field: the form field that it came in; None for a body.
        named: whether a filename came with it.
    """

    upload: UploadFile
    content_type: str = ""
    field: str | None = None
    named: bool = False


def is_json(content_type: str) -> bool:
    """Whether a Content-Type says JSON."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


async def require_image(received: Received) -> None:
    """Refuses what is evidently something else, by its first bytes; what cannot be told is the reader's.

    Raises:
        UnsupportedImage: JSON, a urlencoded form, or an image in base64.
        WrongFields: a field of text.
    """
    head = await received.upload.read(HEAD)
    await received.upload.seek(0)
    if not head or sniff(head) is not None:
        return
    start = head.lstrip()
    if is_json(received.content_type) or start.startswith((b"{", b'["', b"[{")):
        raise UnsupportedImage(
            f"This is JSON, which is not read here: send the image's bytes, or JSON with base64 to {_INFER}."
        )
    if _is_base64(start):
        raise UnsupportedImage(
            f"This is an image in base64: send the bytes themselves, or the base64 in JSON to {_INFER}."
        )
    if received.content_type.lower().startswith("application/x-www-form-urlencoded") and b"=" in head:
        raise UnsupportedImage(
            "This is a urlencoded form, which holds no file: send the image as multipart/form-data."
        )
    if received.field is not None and not received.named:
        raise WrongFields(
            f"The form field `{received.field}` is text: send a file in it, as curl does for -F {received.field}=@FILE."
        )


def _is_base64(start: bytes) -> bool:
    """Whether this begins an image in base64, as it is or as a data URL."""
    if start[:5].lower() == b"data:":
        _, _, start = start.partition(b",")
    text = b"".join(start.split())
    try:
        decoded = b64decode(text[: len(text) // 4 * 4], validate=True)
    except (Base64Error, ValueError):
        return False
    return sniff(decoded) is not None
