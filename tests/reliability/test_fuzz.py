"""`make fuzz`, shortened."""

from itertools import islice

import pytest

from tests.reliability.fuzz import fuzz_bytes, fuzz_interface, mutations, thought_of
from tests.reliability.service import Service

pytestmark = pytest.mark.slow


def test_damaged_files_are_answered(service: Service) -> None:
    outcome = fuzz_bytes(service, inputs=400)
    assert outcome.faults == []
    assert outcome.inputs == 400
    # Some damage leaves an image an image, most does not.
    assert {200, 400, 415} < set(outcome.statuses)


def test_malformed_requests_are_answered(service: Service) -> None:
    clean, report = fuzz_interface(service, examples=1)
    assert clean, report


def test_inputs_are_reproducible() -> None:
    assert list(islice(mutations(seed=3), 50)) == list(islice(mutations(seed=3), 50))
    assert thought_of(20) == thought_of(20)
