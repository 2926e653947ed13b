"""An archive of its own for each test, and watchers of it."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from requests.adapters import HTTPAdapter

from logs import TextFormatter
from model.segmenter import Segmenter
from model.writing.dicom.forms import Form
from pacs.archive import Archive
from pacs.postponed import Postponed
from pacs.retries import Retries
from pacs.selection import Selection
from pacs.session import make_session
from pacs.settings import PacsSettings
from pacs.settled import Settled
from pacs.stop import Stop
from pacs.watcher import Watcher
from pacs.worker import Worker, WorkOptions
from tests.pacs.faults import Faults
from tests.pacs.orthanc import Orthanc, missing
from tests.pacs.segmenters import trusting
from tests.pacs.stand_in import StandIn


@pytest.fixture
def make_orthanc(tmp_path: Path) -> Iterator[Callable[..., Orthanc]]:
    """Make an Orthanc for this test alone, not started yet."""
    if (reason := missing()) is not None:
        pytest.skip(reason)
    with ExitStack() as stack:

        def make(**options: Any) -> Orthanc:
            made = Orthanc(tmp_path / "orthanc", **options)
            stack.callback(made.kill)
            return made

        yield make


@pytest.fixture(scope="session")
def _one_orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    if (reason := missing()) is not None:
        pytest.skip(reason)
    one = Orthanc(tmp_path_factory.mktemp("pacs") / "orthanc").start()
    yield one
    one.kill()


@pytest.fixture
def orthanc(_one_orthanc: Orthanc) -> Orthanc:
    """An Orthanc that runs and is empty."""
    _one_orthanc.clear()
    return _one_orthanc


class Watched(Watcher):
    """A watcher in this process that never sleeps; ``waits`` records the pauses that it asked for."""

    def __init__(self, url: str, segmenter: Segmenter, network: HTTPAdapter, **options: Any) -> None:
        self.waits: list[float] = []
        self._network = network
        self.now = 0.0
        self.stop = Stop()
        self.session = make_session(PacsSettings())
        self.session.mount("http://", network)
        archive = Archive(url, self.session, Retries(self._wait))
        selection = Selection.of(**options.pop("take", {}))
        worker = Worker(
            archive,
            segmenter,
            WorkOptions(
                selection=selection,
                store_untrusted=options.pop("store_untrusted", False),
                forms=tuple(options.pop("forms", (Form.SEG,))),
            ),
        )
        self.settled = Settled(lambda: self.now)
        super().__init__(
            archive,
            worker,
            self.stop,
            selection=selection,
            postponed=Postponed(lambda: self.now),
            settled=self.settled,
            **options,
        )

    @property
    def faults(self) -> Faults:
        """The HTTP adapter, if it injects faults."""
        assert isinstance(self._network, Faults)
        return self._network

    def _wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        return self.stop.wanted


class MakeWatcher:
    """Make watchers, and close their sessions."""

    def __init__(self, stack: ExitStack, url: str) -> None:
        self._stack = stack
        self._url = url

    def __call__(
        self, segmenter: Segmenter | None = None, *, faults: Faults | None = None, **options: Any
    ) -> Watched:
        made = Watched(self._url, segmenter or trusting(), faults or Faults(), **options)
        self._stack.enter_context(made.session)
        return made


@pytest.fixture
def stand_in() -> StandIn:
    """A PACS whose responses the test sets."""
    return StandIn()


@pytest.fixture
def watch(stand_in: StandIn) -> Iterator[Callable[..., Watched]]:
    """Make watchers of `stand_in`."""
    with ExitStack() as stack:

        def make(segmenter: Segmenter | None = None, **options: Any) -> Watched:
            made = Watched(stand_in.url, segmenter or trusting(), stand_in, **options)
            stack.enter_context(made.session)
            return made

        yield make


@pytest.fixture
def make_watcher(orthanc: Orthanc) -> Iterator[MakeWatcher]:
    with ExitStack() as stack:
        yield MakeWatcher(stack, orthanc.url)


class Lines(logging.Handler):
    """Formatted log lines."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.setFormatter(TextFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    def about(self, word: str) -> list[str]:
        return [line for line in self.lines if word in line]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Pleura's log lines."""
    handler, logger = Lines(), logging.getLogger("pleura")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(level)
