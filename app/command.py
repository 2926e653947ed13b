"""The commands ``pleura serve`` and ``pleura health``."""

import inspect
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any, Optional

import typer
from pydantic import SecretStr, ValidationError

from .settings import Settings


def _flags() -> list[inspect.Parameter]:
    """Return a flag for each setting but the secrets: a list of processes shows command lines."""
    flags = []
    for name, field in Settings.model_fields.items():
        kind: Any = field.annotation
        if SecretStr in getattr(kind, "__args__", (kind,)):
            continue
        option = typer.Option(
            f"--{name.replace('_', '-')}",
            help=field.description,
            show_default=False if field.default in (None, "") else str(field.default),
        )
        flags.append(
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=None,
                annotation=Annotated[Optional[kind], option],  # noqa: UP045 - built at run time
            )
        )
    return flags


def _with_flags(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command one flag for each setting."""
    flags = _flags()
    vars(command)["__signature__"] = inspect.Signature(flags)
    command.__annotations__ = {flag.name: flag.annotation for flag in flags}
    return command


@_with_flags
def serve(**flags: Any) -> None:
    """Serve lung segmentation over HTTP.

    Each flag has an environment variable: --max-pixels is PLEURA_MAX_PIXELS. API keys come from
    PLEURA_API_KEY or from a file, never from a flag.
    """
    from .access import SettingsError
    from .server import serve as serve_with

    code = 0
    try:
        settings = Settings(**{name: value for name, value in flags.items() if value is not None})
        failure = serve_with(settings)
        code = 1 if failure else 0
    except ValidationError as error:
        _print_error(_wrong_setting(error))
        code = 2
    except SettingsError as error:
        _print_error(str(error))
        code = 2
    except SystemExit:
        # uvicorn has logged the cause; usually the address is in use.
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    # A thread may hang in a decoder or a driver, so the process does not wait for its threads.
    os._exit(code)


def health(
    url: Annotated[
        str | None, typer.Option(help="Base URL of the service. Default: the configured host and port.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.01, max=3600, help="Seconds to wait for an answer.")] = 5.0,
) -> None:
    """Check whether a service is ready: exit code 0 if it is, else 1. For container health checks."""
    from .probe import unreadiness

    try:
        reason = unreadiness(url or _own_url(Settings()), timeout_s=timeout)
    except ValidationError as error:
        reason = _wrong_setting(error)
    if reason is not None:
        _print_error(reason)
        raise typer.Exit(1)


def _own_url(settings: Settings) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def _wrong_setting(error: ValidationError) -> str:
    first = error.errors(include_input=False)[0]
    message = f"{first['msg'][:1].lower()}{first['msg'][1:]}"
    return f"PLEURA_{'_'.join(map(str, first['loc'])).upper()} is wrong: {message}. Change it or unset it."


def _print_error(sentence: str) -> None:
    typer.echo(f"pleura: {sentence}", err=True)
