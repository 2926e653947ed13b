"""The outcomes of a run in log lines."""

from collections import Counter

from logs import log

from .worker import End


def log_totals(ends: Counter[End]) -> None:
    """Log the number of instances for each reason."""
    for end, number in sorted(ends.items()):
        if end.reason:
            log.info(
                "in all",
                extra={"fields": {"outcome": end.outcome, "reason": end.reason, "instances": number}},
            )
