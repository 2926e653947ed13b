"""Series and instances as searches list them."""

from dataclasses import dataclass, field

from .selection import Facts


@dataclass(frozen=True, slots=True)
class Series:
    """A series in the PACS.

    Attributes:
        study, uid: UIDs.
        instances: number of instances; None if the PACS does not give it.
        facts: its attributes from the search.
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
        facts: its attributes from the searches.
        ae: titles of the application entities that can retrieve it.
    """

    study: str
    series: str
    uid: str
    facts: Facts = field(default_factory=dict)
    ae: tuple[str, ...] = ()
