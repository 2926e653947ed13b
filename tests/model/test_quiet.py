import logging
import warnings
from collections.abc import Callable
from threading import Barrier, Thread

import pytest

from model.quiet import quiet


def together(*functions: Callable[[], None]) -> list[BaseException]:
    """Runs each in a thread; returns what they raised."""
    raised: list[BaseException] = []

    def run(function: Callable[[], None]) -> None:
        try:
            function()
        except BaseException as error:
            raised.append(error)

    threads = [Thread(target=run, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_warnings_are_errors_again_afterwards() -> None:
    with quiet(), quiet():
        warnings.warn("not heard", stacklevel=1)
    with pytest.raises(UserWarning, match="heard"):
        warnings.warn("heard", stacklevel=1)


def test_thread_stays_quiet_when_another_leaves_first() -> None:
    both_inside, first_out = Barrier(2, timeout=10), Barrier(2, timeout=10)

    def first() -> None:
        with quiet():
            both_inside.wait()
        first_out.wait()

    def second() -> None:
        with quiet():
            both_inside.wait()
            first_out.wait()
            warnings.warn("not heard", stacklevel=1)

    assert together(first, second) == []


def test_other_threads_still_warn() -> None:
    inside, heard = Barrier(2, timeout=10), Barrier(2, timeout=10)

    def silent() -> None:
        with quiet():
            inside.wait()
            heard.wait()
            warnings.warn("not heard", stacklevel=1)

    def outspoken() -> None:
        inside.wait()
        try:
            with pytest.raises(UserWarning, match="heard"):
                warnings.warn("heard", stacklevel=1)
        finally:
            heard.wait()

    assert together(silent, outspoken) == []


def test_filters_added_meanwhile_stay() -> None:
    with quiet():
        warnings.filterwarnings("ignore", message="added meanwhile")
        with quiet():
            warnings.warn("not heard", stacklevel=1)
    warnings.warn("added meanwhile", stacklevel=1)
    with pytest.raises(UserWarning, match="heard"):
        warnings.warn("heard", stacklevel=1)


def test_filters_do_not_accumulate() -> None:
    with quiet():
        before = len(warnings.filters)
    for count in range(10):
        warnings.filterwarnings("ignore", message="added")
        with quiet():
            assert len(warnings.filters) <= before + 1, count


@pytest.mark.parametrize("library", ["pydicom", "highdicom.base"])
def test_libraries_that_quote_headers_log_nothing(library: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("pydicom").setLevel(logging.WARNING)
    with quiet():
        logging.getLogger(library).critical("Doe^Jane")
    assert caplog.text == ""
