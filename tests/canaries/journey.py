"""A file's way through the real server, with everything heard and everything on the disk searched."""

import asyncio
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient

from server import jobs
from server.api import ALL_ROUTES
from server.api.services import SERVICES
from server.ingest.convert_job import run_job
from server.ingest.gathering import Pack
from tests.canaries.searching import NUMBER, Searcher, named
from tests.server.conftest import BY, Person, feature

FILE_NAME = f"{named('FileName')}_{NUMBER}"
PARTS = {
    "level": "0", "col": "0", "row": "0", "number": "0", "region": "full", "size": "max", "rotation": "0",
    "quality": "default", "format": "jpg", "path": "index.js",
}  # fmt: skip
QUERIES = {
    "samples": ("?start=0&count=9",),
    "strip": ("?start=0", "?start=0&count=9"),
    "region": ("?x=0&y=0&width=200&height=100&scale=1", "?x=0&y=0&w=200&h=100"),
    "export": ("", "?format=geojson", "?format=csv", "?format=coco", "?format=unknown"),
}


class Journey:
    """Takes a file through a server; what must not be found anywhere is collected in ``found``."""

    def __init__(self, server: TestClient, log: io.StringIO, elsewhere: Sequence[Path] = ()) -> None:
        """elsewhere: folders beside the data folder in which nothing may turn up either."""
        self.intake = server.app[SERVICES].intake
        self.server = server
        self.found: list[str] = []
        self.heard_bytes = 0
        self.statuses: set[tuple[str, int]] = set()
        self._stage = ""
        self._log = log
        self._elsewhere = elsewhere
        self._searcher = Searcher(hashed=[FILE_NAME.encode()])

    def look(self, *_: object) -> None:
        """Search everything that lies in the data folder now, and what was logged so far."""
        self.found += self._searcher.places(self.intake.settings.data)
        self._search("the log", self._log.getvalue().encode())
        for folder in self._elsewhere:
            self.found += [f"{place} of {folder}" for place in self._searcher.places(folder)]

    def watch(self, stage: str, *_: object) -> None:
        """Look once at each stage of a conversion."""
        if stage != self._stage:
            self._stage = stage
            self.look()

    async def take(self, folder: Path, data: bytes, suffix: str) -> str:
        """The asset that a file of a telling name becomes; searched at every step of its sealing and
        conversion."""
        path = folder / f"{FILE_NAME}{suffix}"
        path.write_bytes(data)
        return await self.take_path(path)

    async def take_path(self, path: Path | Pack) -> str:
        """The asset that a file, or several that are one slide, became."""

        def work() -> str:
            take = self.intake.take_pack if isinstance(path, Pack) else self.intake.take_file
            with jobs.Owner(self.intake.owners_dir, self.intake.ambient) as owner:
                arrival = take(path, "CASE 7", BY, owner_id=owner.owner_id, progress=self.look)  # type: ignore[arg-type]
                return run_job(self.intake, arrival.job, watch=self.watch).asset_id

        asset_id = await asyncio.to_thread(work)
        self.look()
        return asset_id

    async def convert_again(self) -> None:
        """What the server's runner does with the next job."""

        def work() -> None:
            with jobs.Owner(self.intake.owners_dir, self.intake.ambient) as owner:
                job = self.intake.database.write_now(
                    lambda c: jobs.claim(c, self.intake.ambient, owner.owner_id, self.intake.is_alive)
                )
                assert job is not None
                run_job(self.intake, job, watch=self.watch)

        await asyncio.to_thread(work)
        self.look()

    async def ask(self, person: Person, method: str, path: str, **how: Any) -> int:
        """One question; the answer's head and body are searched."""
        answer = await person.ask(method, path, **how)
        body = await answer.read()
        head = repr(sorted(answer.headers.items())).encode()
        self._search(f"the answer to {method} {path}", head + b"\n" + body)
        self.heard_bytes += len(body)
        self.statuses.add((f"{method} {path}", answer.status))
        return answer.status

    async def ask_everything(self, person: Person, asset_id: str, pictures: Iterable[str] = ()) -> None:
        """Every route that only answers, about this asset."""
        for endpoint in ALL_ROUTES:
            if endpoint.method not in {"GET", "HEAD", "OPTIONS"}:
                continue
            for path in (endpoint.path, *endpoint.aliases):
                for name in pictures if "{name" in path else ("",):
                    address = self._address(path, asset_id, name)
                    for query in QUERIES.get(address.rsplit("/", 1)[-1], ("",)):
                        await self.ask(person, endpoint.method, address + query)

    async def annotate(self, person: Person, asset_id: str) -> None:
        """Something to be exported."""
        change = {"change_id": "0b6f3d0e-0000-4000-8000-000000000001", "created": [feature()]}
        await self.ask(
            person,
            "POST",
            f"/api/v1/assets/{asset_id}/annotations/changes",
            headers={"If-Match": '"0"'},
            json={**change, "updated": [], "deleted": []},
        )

    @property
    def log_lines(self) -> list[str]:
        """What was logged so far."""
        return self._log.getvalue().splitlines()

    def answered(self, path: str) -> bool:
        """Whether a question whose address holds this was answered in full."""
        return any(path in asked and status in {200, 206} for asked, status in self.statuses)

    def _address(self, path: str, asset_id: str, name: str) -> str:
        def part(match: re.Match[str]) -> str:
            key = match.group(1)
            return asset_id if key == "asset_id" else name if key == "name" else PARTS.get(key, "1")

        return re.sub(r"\{(\w+)(?::(?:[^{}]|\{[^{}]*\})*)?\}", part, path)

    def _search(self, where: str, data: bytes) -> None:
        self.found += [f"{text} ({form}) in {where}" for text, form in self._searcher.find(data)]
