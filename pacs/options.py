"""Options of ``pleura pacs``: from what a user writes to values, or to an error that names the option."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import typer

from model.writing.dicom.forms import Form

from .address import Address, parse_address, parse_ae_title, parse_peer
from .selection import Selection

if TYPE_CHECKING:
    from .dimse.settings import Door


def check_source(url: str | None, listen: str | None, *, dry_run: bool, watch: bool) -> None:
    """Check that exactly one of --url and --listen is given, and that the others go with it.

    Args:
        url: The value of --url; None if it is not given.
        listen: The value of --listen; None if it is not given.
        dry_run: Whether --dry-run is given.
        watch: Whether --watch is given.

    Raises:
        typer.BadParameter: They contradict each other, or the URL is none.
    """
    if (url is None) == (listen is None):
        raise typer.BadParameter("give either --url or --listen.", param_hint="--url / --listen")
    if dry_run and (url is None or watch):
        raise typer.BadParameter("it goes with --url and without --watch.", param_hint="--dry-run")
    if url is not None and (problem := _url_problem(url)):
        raise typer.BadParameter(problem, param_hint="--url")


def parse_metrics_address(given: str) -> Address:
    """Parse the address of --metrics."""
    try:
        return parse_address(given, host="127.0.0.1")
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--metrics") from None


def parse_door(listen: str, send_to: str | None, ae_title: str, calling: str, queue: Path | None) -> Door:
    """Parse the options that go with --listen.

    Args:
        listen: ``PORT`` or ``HOST:PORT``.
        send_to: ``AE@HOST:PORT`` of the destination; None if it is not given, which is an error.
        ae_title: The listener's own title.
        calling: Titles that may send, separated by commas; empty admits all.
        queue: Folder of the queue; None if it is not given, which is an error.

    Raises:
        typer.BadParameter: A value is missing or malformed.
    """
    from .dimse.settings import Door

    if send_to is None or queue is None:
        raise typer.BadParameter("--listen needs --send-to and --queue.", param_hint="--listen")
    try:
        return Door(
            address=parse_address(listen, host="0.0.0.0"),  # noqa: S104 - senders are on other machines
            ae_title=parse_ae_title(ae_title),
            calling=tuple(parse_ae_title(title) for title in calling.split(",") if title.strip()),
            peer=parse_peer(send_to),
            queue=queue,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--listen") from None


def parse_forms(given: str) -> tuple[Form, ...]:
    """Parse the list of --form."""
    names = dict.fromkeys(name.strip().lower() for name in given.split(",") if name.strip())
    try:
        forms = tuple(Form(name) for name in names)
    except ValueError:
        forms = ()
    if not forms:
        raise typer.BadParameter(f"--form takes {', '.join(Form)}, separated by commas.")
    return forms


def parse_selection(**given: str) -> Selection:
    """Parse the options that filter."""
    try:
        return Selection.of(**given)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _url_problem(url: str) -> str | None:
    """Return what is wrong with an address; None if it is valid."""
    try:
        address = urlsplit(url)
        usable = address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0
    except ValueError:
        usable = False
    if not usable or address.query or address.fragment:
        return "give an address such as http://orthanc:8042/dicom-web."
    if address.username is not None:
        return "remove the credentials and set PLEURA_PACS_USER and PLEURA_PACS_PASSWORD."
    return None
