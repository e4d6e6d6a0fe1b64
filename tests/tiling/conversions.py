"""Run a conversion the way tests want it: no progress bar, never cancelled."""

from collections.abc import Sequence
from pathlib import Path

from ground.source import FileSource
from tiling.convert import ConversionReport, convert


class BytesSource:
    """A byte source in memory."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    @property
    def size_bytes(self) -> int:
        return len(self.data)

    def read_at(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


def convert_file(path: Path, output: Path, forbidden: Sequence[str] = ()) -> ConversionReport:
    output.mkdir(exist_ok=True)
    with FileSource(path) as source:
        return convert(
            source,
            output,
            progress=lambda _stage, _done, _total: None,
            cancelled=lambda: False,
            forbidden=forbidden,
        )


def convert_bytes(data: bytes, output: Path) -> ConversionReport:
    output.mkdir(exist_ok=True)
    return convert(
        BytesSource(data),
        output,
        progress=lambda _stage, _done, _total: None,
        cancelled=lambda: False,
    )
