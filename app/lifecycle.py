"""The life of the service: load, warm up, serve, drain.

The model is loaded in the background, so that probes are answered at once. If the engine fails at run
time, new requests are rejected while the engine is tried again a few times. If it still fails, the
process ends, so that its supervisor can restart it.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from time import monotonic

from logs import frames, log
from model.errors import EngineError, PleuraError
from model.segmenter import Segmenter
from model.threads import available_cpus

from .errors import Draining, NotReady, ReloadFailed
from .pipeline import Pipeline
from .settings import Settings
from .telemetry import Telemetry

RECOVERY_ATTEMPTS = 5
RECOVERY_DELAY_S = 1.0
RESTARTS = 5
RESTARTS_WITHIN_S = 60.0
"""The process ends when the batch loop has failed `RESTARTS` times within `RESTARTS_WITHIN_S` seconds."""


class State(StrEnum):
    """What the service is doing."""

    LOADING = "loading"
    READY = "ready"
    RECOVERING = "recovering"
    FAILED = "failed"


class Lifecycle:
    """The state of the service, and the pipeline that serves.

    Attributes:
        load: Loads the segmenter, at the start and at each reload.
        state: What the service is doing.
        draining: Whether a signal to stop has arrived.
        failure: A sentence that says why the service cannot serve any more; None while it can.
        on_failure: Called when `failure` is set.
    """

    def __init__(self, settings: Settings, telemetry: Telemetry, *, load: Callable[[], Segmenter]) -> None:
        self._settings = settings
        self._telemetry = telemetry
        self.load = load
        self._inference = ThreadPoolExecutor(available_cpus(), thread_name_prefix="inference")
        self._pipeline: Pipeline | None = None
        self._recovery: asyncio.Task[None] | None = None
        self._reloading = asyncio.Lock()
        self.state = State.LOADING
        self.draining = False
        self.failure: str | None = None
        self.on_failure: Callable[[], None] = lambda: None
        telemetry.watch(ready=self.is_ready, depth=self._depth)

    def serving(self) -> Pipeline:
        """Return the pipeline.

        Raises:
            Draining: The service is stopping.
            NotReady: The model is loading, or its engine fails.
        """
        if self.draining:
            raise Draining
        if self._pipeline is None or self.state is not State.READY:
            raise NotReady(_SENTENCES[self.state], retry_after=2)
        return self._pipeline

    def is_ready(self) -> bool:
        """Return whether requests are served."""
        try:
            self.serving()
        except (Draining, NotReady):
            return False
        return True

    async def reload(self) -> Segmenter:
        """Load the checkpoint again in the background and serve it once it is warm. No request is dropped.

        Raises:
            ReloadFailed: The new checkpoint cannot be loaded or run. The old one keeps serving.
            Draining: The service is stopping.
            NotReady: No model is serving.
        """
        pipeline = self.serving()
        async with self._reloading:
            thread = ThreadPoolExecutor(1, thread_name_prefix="reload")
            try:
                segmenter = await asyncio.get_running_loop().run_in_executor(thread, self.load)
                await pipeline.replace(segmenter, thread=thread)
            except PleuraError as error:
                raise self._not_reloaded(str(error)) from None
            except Exception as error:
                log.error("unexpected error in a reload", extra={"fields": {"error": frames(error)}})
                raise self._not_reloaded(f"It could not be loaded ({type(error).__name__}).") from None
            finally:
                # A network that hangs blocks its thread; the event loop must not wait for it.
                thread.shutdown(wait=False, cancel_futures=True)
        self._telemetry.reloads.labels("done").inc()
        self._telemetry.serving(segmenter)
        log.info("reloaded", extra={"fields": {"sha256": segmenter.metadata.sha256}})
        return segmenter

    def _not_reloaded(self, sentence: str) -> ReloadFailed:
        self._telemetry.reloads.labels("refused").inc()
        log.error("reload refused", extra={"fields": {"reason": sentence}})
        return ReloadFailed(f"The new checkpoint is not served, the old one goes on: {sentence}")

    @asynccontextmanager
    async def run(self, _: object) -> AsyncIterator[None]:
        """Load and serve in the background while the context is open."""
        task = asyncio.create_task(self._live())
        try:
            yield
        finally:
            for running in (task, self._recovery):
                if running is not None:
                    running.cancel()
                    with suppress(asyncio.CancelledError):
                        await running
            if self._pipeline is not None:
                self._pipeline.close()
            self._inference.shutdown(wait=False, cancel_futures=True)

    async def _live(self) -> None:
        pipeline = await self._start()
        if pipeline is not None:
            await self._serve(pipeline)

    async def _serve(self, pipeline: Pipeline) -> None:
        """Run the batch loop, and restart it after an unexpected error."""
        ends: deque[float] = deque(maxlen=RESTARTS)
        while True:
            try:
                await pipeline.serve()
            except Exception as error:
                log.error("batch loop failed", extra={"fields": {"error": frames(error)}})
            ends.append(monotonic())
            if len(ends) == RESTARTS and ends[-1] - ends[0] < RESTARTS_WITHIN_S:
                self._fail("The batch loop keeps failing. Restart the service and report this with its log.")
                return
            self._recover_from_now(pipeline)

    async def _start(self) -> Pipeline | None:
        # A separate method, so that no local variable keeps the first network alive after a reload.
        try:
            segmenter = await asyncio.get_running_loop().run_in_executor(self._inference, self.load)
            pipeline = Pipeline(
                segmenter,
                inference=self._inference,
                settings=self._settings,
                telemetry=self._telemetry,
                on_batch=self._after_batch,
            )
            await pipeline.try_engine()
        except PleuraError as error:
            self._fail(str(error))
            return None
        except Exception as error:
            log.error("the model could not be loaded", extra={"fields": {"error": frames(error)}})
            self._fail(f"The model could not be loaded ({type(error).__name__}): check PLEURA_CHECKPOINT.")
            return None
        self._pipeline = pipeline
        self._telemetry.serving(segmenter)
        self.state = State.READY
        log.info(
            "ready", extra={"fields": {"engine": segmenter.engine.name, "device": segmenter.engine.device}}
        )
        return pipeline

    def _after_batch(self, error: EngineError | None) -> None:
        if error is None:
            self._recovered()
        elif self.state is State.READY and self._pipeline is not None:
            log.error("engine failed", extra={"fields": {"error": frames(error.__cause__ or error)}})
            self._recover_from_now(self._pipeline)

    def _recover_from_now(self, pipeline: Pipeline) -> None:
        """Reject requests until the engine has run successfully."""
        self.state = State.RECOVERING
        if self._recovery is not None:
            self._recovery.cancel()
        self._recovery = asyncio.create_task(self._recover(pipeline))

    def _recovered(self) -> None:
        if self.state is State.RECOVERING:
            self.state = State.READY
            log.info("engine recovered")

    async def _recover(self, pipeline: Pipeline) -> None:
        for _ in range(RECOVERY_ATTEMPTS):
            await asyncio.sleep(RECOVERY_DELAY_S)
            if self.state is not State.RECOVERING:
                return
            try:
                await pipeline.try_engine()
            except Exception as error:
                log.error("engine failed again", extra={"fields": {"error": frames(error)}})
            else:
                self._recovered()
                return
        self._fail("The engine keeps failing. Check the device, then restart the service.")

    def _fail(self, sentence: str) -> None:
        self.state = State.FAILED
        self.failure = sentence
        self.on_failure()

    def _depth(self) -> int:
        return self._pipeline.queue.depth if self._pipeline is not None else 0


_SENTENCES = {
    State.LOADING: "The model is loading: try again in a moment.",
    State.RECOVERING: "The engine failed and is being tried again: try again in a moment.",
    State.FAILED: "The service has failed and is about to stop: try another instance.",
}
