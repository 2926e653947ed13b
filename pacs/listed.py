"""Series and instances as searches list them."""

from dataclasses import dataclass, field

from .selection import Facts


@dataclass(frozen=True, slots=True)
class Series:
    """A series in the PACS.

    Attributes:
        study, uid: UIDs.
        instances: Number of instances; None if the PACS does not give it.
        facts: Its attributes from the search.
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
        facts: Its attributes from the searches.
        ae: Titles of the application entities that can retrieve it.
    """

    study: str
    series: str
    uid: str
    facts: Facts = field(default_factory=dict)
    ae: tuple[str, ...] = ()
