"""What can be wrong with a training run."""

from model.errors import PleuraError


class DataError(PleuraError):
    """Training or test data is missing, unreadable or does not match."""


class TrainingError(PleuraError):
    """A run cannot start, go on or be resumed."""
