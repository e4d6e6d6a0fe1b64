"""Source files for the tests of intake, and a search for what must not be left of them."""

from collections.abc import Iterable
from pathlib import Path

from tests.tiling.svs_files import CANARIES, Recipe, disguises, write_svs

FILE_NAME = "Quixote_Dulcinea_77120934.svs"
NAMED = (*CANARIES, Path(FILE_NAME).stem)


def svs(folder: Path, name: str = FILE_NAME, **recipe: int) -> Path:
    """A small Aperio slide with an invented patient in every corner, and in its name."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    write_svs(path, Recipe(**recipe))  # type: ignore[arg-type]
    return path


def traces(folder: Path, texts: Iterable[str] = NAMED) -> list[tuple[str, str]]:
    """Every place under a folder, names included, where one of the texts stands in any of its forms."""
    forms = [(text, form) for text in texts for form in disguises(text)]
    found = []
    for path in folder.rglob("*"):
        content = str(path.relative_to(folder)).encode("utf-8", "surrogateescape")
        if path.is_file():
            content += b"\n" + path.read_bytes()
        found += [(path.name, text) for text, form in forms if form in content]
    return found
