"""A parser for multipart forms (RFC 7578) of files, which stores the files while they arrive."""

import re
from collections.abc import AsyncIterator

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from .content_check import Received
from .errors import BadForm, WrongFields
from .parameters import quoted
from .spool import Spool

_PLAIN = {b"", b"7bit", b"8bit", b"binary"}
"""Content-Transfer-Encodings that leave the bytes as they are."""


class _Part:
    """One part of a form: its headers, then its content."""

    def __init__(self) -> None:
        self.headers: dict[bytes, bytes] = {}
        self.header, self.value = b"", b""
        self.spool: Spool | None = None

    def end_header(self) -> None:
        self.headers[self.header.lower()] = self.value.strip()
        self.header = self.value = b""

    @property
    def name(self) -> str:
        """The field's name.

        Raises:
            BadForm: The part has no name.
        """
        _, options = parse_options_header(self.headers.get(b"content-disposition"))
        if b"name" not in options:
            raise BadForm("A part of the form has no name: send name= in its Content-Disposition.")
        return options[b"name"].decode("utf-8", "replace")

    @property
    def has_filename(self) -> bool:
        """Whether the part has a filename."""
        disposition = self.headers.get(b"content-disposition", b"").lower()
        return re.search(rb";\s*filename\*?\s*=", disposition) is not None

    @property
    def content_type(self) -> str:
        """The declared Content-Type of the part."""
        return self.headers.get(b"content-type", b"").decode("latin-1")


class FormReader:
    """Reads a form that has each of the given files once, and nothing else.

    A part is identified by its name; ``filename``, or the ``filename*`` of RFC 8187, is optional.

    Args:
        content_type: The body's Content-Type, with the boundary.
        fields: The names of the files.

    Raises:
        BadForm: There is no boundary, or it is too long.
    """

    def __init__(self, content_type: str, fields: tuple[str, ...]) -> None:
        self._fields = fields
        self._parts: dict[str, _Part] = {}
        self._part = _Part()
        self._complete = False
        _, options = parse_options_header(content_type)
        try:
            self._parser = MultipartParser(
                options[b"boundary"],
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._header_field,
                    "on_header_value": self._header_value,
                    "on_header_end": self._header_end,
                    "on_headers_finished": self._open,
                    "on_part_data": self._data,
                    "on_end": self._end,
                },
            )
        except KeyError:
            raise BadForm("The form has no boundary: send it in the Content-Type.") from None
        except FormParserError:
            raise BadForm("The form's boundary is too long: send one of at most 70 characters.") from None

    async def read(self, stream: AsyncIterator[bytes]) -> list[Received]:
        """Return the files in the order of the fields. The caller closes them.

        Raises:
            BadForm: The form is damaged or incomplete.
            WrongFields: The form has other fields.
            OSError: There is no space to store the form.
        """
        try:
            async for chunk in stream:
                self._parser.write(chunk)
                for spool in self._spools():
                    await spool.store()
            return [
                Received(await spool.finish(), part.content_type, field=name, named=part.has_filename)
                for name, part, spool in self._whole()
            ]
        except BaseException as error:
            for spool in self._spools():
                await spool.upload.close()
            if isinstance(error, FormParserError):
                raise BadForm("The form is damaged. Send valid multipart/form-data.") from None
            raise

    def _whole(self) -> list[tuple[str, _Part, Spool]]:
        if not self._complete:
            raise BadForm("The form is incomplete. Send all of it, as multipart/form-data.")
        missing = [name for name in self._fields if name not in self._parts]
        if missing:
            raise WrongFields(f"The form has no file named `{missing[0]}`. {expected(self._fields)}")
        parts = [(name, self._parts[name]) for name in self._fields]
        return [(name, part, part.spool) for name, part in parts if part.spool is not None]

    def _spools(self) -> list[Spool]:
        return [part.spool for part in self._parts.values() if part.spool is not None]

    def _begin(self) -> None:
        self._part = _Part()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._part.header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._part.value += data[start:end]

    def _header_end(self) -> None:
        self._part.end_header()

    def _open(self) -> None:
        name = self._part.name
        if name not in self._fields:
            raise WrongFields(f"Unexpected form field{quoted(name)}. {expected(self._fields)}")
        if name in self._parts:
            raise WrongFields(f"The form has the field `{name}` twice. {expected(self._fields)}")
        if self._part.headers.get(b"content-transfer-encoding", b"").lower() not in _PLAIN:
            raise BadForm(
                f"The form field `{name}` has a Content-Transfer-Encoding: send the file's bytes as they are."
            )
        self._part.spool = Spool()
        self._parts[name] = self._part

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._part.spool is not None:
            self._part.spool.add(data[start:end])

    def _end(self) -> None:
        self._complete = True


def expected(fields: tuple[str, ...]) -> str:
    """Return a sentence that says what to send."""
    files = " and ".join(
        f"{'exactly one file' if number == 0 else 'one'} named `{name}`" for number, name in enumerate(fields)
    )
    return f"Send {files}; pass options in the query string."
