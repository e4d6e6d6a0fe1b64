"""Good files cut short, filled with nothing, or spoiled in places: refused, or truly right."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from server.ingest.plan import Converted
from tests.tiling.hostile import Bench, bench, mutations

pytestmark = pytest.mark.slow

FILES = (
    "slides/CMU-1-Small-Region.svs",
    "slides/boxes.tiff",
    "slides/OS-2-ndpi.ome.tif",
    "slides/cytomine-wsi.zip",
    "slides/test3-DAPI-2-(387).ndpi",
    "derived/ndpi-synthetic-HE.ndpi",
)
CUTS, HOLES, SPOILED = 34, 6, 10  # of each file


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench(tmp_path_factory.mktemp("truncated")) as worker:
        yield worker


def right_tiles(worker: Bench, data: bytes) -> list[bytes]:
    result = worker.convert(data)
    assert isinstance(result.outcome, Converted), result.outcome
    return result.tiles()


@pytest.mark.parametrize("name", FILES)
def test_wherever_a_file_is_cut_it_is_refused_or_truly_right(
    worker: Bench, shared_data: Path, name: str
) -> None:
    data = (shared_data / name).read_bytes()
    random = Random(name)  # noqa: S311 - to be repeatable
    places = [random.randrange(len(data)) for _ in range(CUTS)]
    cuts = ((f"cut at {place}", data[:place]) for place in places)
    assert worker.complaints(cuts, right_tiles(worker, data)) == []


@pytest.mark.parametrize("name", FILES)
def test_a_file_whose_rest_never_arrived_is_refused_or_truly_right(
    worker: Bench, shared_data: Path, name: str
) -> None:
    data = (shared_data / name).read_bytes()
    random = Random(name)  # noqa: S311 - to be repeatable
    places = [random.randrange(len(data)) for _ in range(HOLES)]
    holes = ((f"nothing from {place}", data[:place].ljust(len(data), b"\0")) for place in places)
    assert worker.complaints(holes, right_tiles(worker, data)) == []


@pytest.mark.parametrize("name", FILES)
def test_a_spoiled_file_is_refused_or_converted_never_anything_else(
    worker: Bench, shared_data: Path, name: str
) -> None:
    data = (shared_data / name).read_bytes()
    cases = enumerate(mutations(data, Random(name), SPOILED))  # noqa: S311 - to be repeatable
    assert worker.complaints((f"number {number}", spoiled) for number, spoiled in cases) == []
