"""The server's own hands: claims jobs and converts, a few at a time, beside the serving."""

import asyncio
import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import structlog

from server import jobs
from server.errors import ServerError
from server.ingest.convert_job import run_job
from server.ingest.intake import Intake
from server.ingest.recovery import end_exhausted, recover
from server.ingest.retention import destroy_expired

POLL_S = 1.0
HOUSEKEEPING_S = 600.0
log = structlog.get_logger("slidereel.ingest")


class IngestRunner:
    """Runs jobs from :meth:`start` until :meth:`stop`; whatever a job does, the next one is claimed."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._stopping = threading.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._owner: jobs.Owner | None = None
        self._pool: ThreadPoolExecutor | None = None

    async def start(self) -> None:
        """Put the data folder in order, then begin to work."""
        await asyncio.to_thread(recover, self._intake)
        count = self._intake.settings.ingest_workers
        self._owner = jobs.Owner(self._intake.owners_dir, self._intake.ambient)
        # Threads of our own: the kernel ties a converting process to the thread that started it.
        self._pool = ThreadPoolExecutor(count + 1, thread_name_prefix="ingest")
        self._tasks = [asyncio.create_task(self._work()) for _ in range(count)]
        self._tasks.append(asyncio.create_task(self._keep_house()))

    async def stop(self) -> None:
        """Stop the converting processes; their jobs wait for the next start."""
        self._stopping.set()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if self._pool is not None:
            self._pool.shutdown()
        if self._owner is not None:
            self._owner.close()

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            try:
                did_something = await loop.run_in_executor(self._pool, self._run_one)
            except ServerError as error:
                log.warning("job not run", kind=error.kind)
                did_something = False
            except Exception as error:  # noqa: BLE001 - the next job must still be run
                log.warning("job not run", error=type(error).__name__)
                did_something = False
            if not did_something:
                await self._pause(POLL_S)

    def _run_one(self) -> bool:
        intake = self._intake
        assert self._owner is not None  # noqa: S101 - start() made it
        owner_id = self._owner.owner_id
        if not intake.database.read_now(jobs.any_unfinished):
            return False
        intake.database.write_now(lambda c: end_exhausted(intake, c))
        job = intake.database.write_now(lambda c: jobs.claim(c, intake.ambient, owner_id, intake.is_alive))
        if job is None:
            return False
        run_job(intake, job, should_stop=self._stopping.is_set)
        return True

    async def _keep_house(self) -> None:
        while not self._stopping.is_set():
            await self._pause(HOUSEKEEPING_S)
            try:
                await asyncio.get_running_loop().run_in_executor(self._pool, self._tidy)
            except ServerError as error:
                log.warning("housekeeping failed", kind=error.kind)

    def _tidy(self) -> None:
        self._intake.uploads.sweep()
        destroy_expired(self._intake)

    async def _pause(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        ends_s = loop.time() + seconds
        while not self._stopping.is_set() and loop.time() < ends_s:
            await asyncio.sleep(min(0.1, seconds))
