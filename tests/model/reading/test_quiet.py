import warnings
from threading import Barrier, Thread

import pytest

from model.reading.quiet import quiet


def test_warnings_are_errors_again_afterwards() -> None:
    with quiet(), quiet():
        warnings.warn("not heard", stacklevel=1)
    with pytest.raises(UserWarning, match="heard"):
        warnings.warn("heard", stacklevel=1)


def test_threads_that_overlap_leave_the_filters_as_they_were() -> None:
    before = list(warnings.filters)
    both_inside, first_out = Barrier(2), Barrier(2)

    def first() -> None:
        with quiet():
            both_inside.wait(10)
        first_out.wait(10)

    def second() -> None:
        with quiet():
            both_inside.wait(10)
            first_out.wait(10)
            warnings.warn("not heard", stacklevel=1)

    threads = [Thread(target=first), Thread(target=second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == before
