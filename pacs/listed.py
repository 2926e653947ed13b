"""What searches list."""

from dataclasses import dataclass, field

from .selection import Facts


@dataclass(frozen=True, slots=True)
class Series:
    """A series in the PACS.

    Attributes:
        study, uid: UIDs.
        instances: how many it has; None where the PACS does not say.
        facts: what the search said of it.
    """

    study: str
    uid: str
    instances: int | None
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance in the PACS.

    Attributes:
        study, series, uid: UIDs.
        facts: what the searches said of it.
        ae: application entities that they named for it.
    """

    study: str
    series: str
    uid: str
    facts: Facts = field(default_factory=dict)
    ae: tuple[str, ...] = ()
