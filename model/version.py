"""The installed version of Pleura."""

from importlib.metadata import PackageNotFoundError, version


def installed_version() -> str:
    """Return the installed version, or ``"unknown"``."""
    try:
        return version("pleura")
    except PackageNotFoundError:
        return "unknown"
