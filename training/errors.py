"""The errors of the training package."""

from model.errors import PleuraError


class DataError(PleuraError):
    """Training or test data is missing, unreadable or does not match."""


class TrainingError(PleuraError):
    """A command or run cannot start, continue or be resumed."""
