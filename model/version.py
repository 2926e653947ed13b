"""Which Pleura this is."""

from importlib.metadata import PackageNotFoundError, version


def installed_version() -> str:
    """Return Pleura's version."""
    try:
        return version("pleura")
    except PackageNotFoundError:
        return "unknown"
