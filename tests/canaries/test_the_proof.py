"""A result that says one word too much is refused, in whatever coding: the proof is no formality."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import tiling.convert
import tiling.scrub.verify
import video.convert
import video.scrub.verify
from tests.canaries.clip_planting import shown
from tests.canaries.searching import named
from tests.tiling.conversions import BytesSource, convert_bytes
from tests.tiling.svs_files import Recipe, write_svs
from tests.video.clip_writing import H264, write_clip
from tests.video.dicom.dicom_clips import Writing, dicom_loop
from tiling.canonical.layout import SLIDE_FILE
from tiling.errors import CanonicalError
from tiling.errors import VerificationError as SlideNotProvedError
from video.canonical.layout import VIDEO_FILE
from video.errors import CanonicalVideoError
from video.errors import VerificationError as VideoNotProvedError

NAME = "Doebury^Jane"
OTHER = "Smithers^Waylon"
CODINGS: dict[str, Callable[[str], bytes]] = {
    "as it stands": str.encode,
    "in capitals": lambda text: text.upper().encode(),
    "in small letters": lambda text: text.lower().encode(),
    "as people write it": lambda text: " ".join(reversed(text.split("^"))).encode(),
    "UTF-16, little end first": lambda text: text.encode("utf-16-le"),
    "UTF-16, great end first": lambda text: text.encode("utf-16-be"),
    "base64": lambda text: base64.b64encode(text.encode()),
    "base64, one byte later": lambda text: base64.b64encode(b"<" + text.encode() + b">"),
    "base64, two bytes later": lambda text: base64.b64encode(b"<<" + text.encode() + b">>"),
    "hexadecimal": lambda text: text.encode().hex().encode(),
    "hexadecimal capitals": lambda text: text.encode().hex().upper().encode(),
    "backwards": lambda text: text[::-1].encode(),
}


class Leak:
    """Lets the converters add bytes to one of their files, where no check but the search looks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.text = b""
        for convert, scrub, check, file in (
            (tiling.convert, tiling.scrub.verify, "check_layout", SLIDE_FILE),
            (video.convert, video.scrub.verify, "check_boxes", VIDEO_FILE),
        ):
            monkeypatch.setattr(convert, "verify", self._before(convert.__dict__["verify"], file))
            monkeypatch.setattr(scrub, check, self._short_sighted(scrub.__dict__[check]))

    def _before(self, verify: Callable[..., Any], name: str) -> Callable[..., Any]:
        def leaking(*arguments: Any, **named_ones: Any) -> Any:
            (directory,) = (argument for argument in arguments if isinstance(argument, Path))
            with (directory / name).open("ab") as file:
                file.write(bytes(3) + self.text + bytes(3))
            return verify(*arguments, **named_ones)

        return leaking

    def _short_sighted(self, check: Callable[..., Any]) -> Callable[..., Any]:
        def checked(*arguments: Any) -> Any:
            added = len(self.text) + 6
            return check(*(_Begun(one, added) if hasattr(one, "read_at") else one for one in arguments))

        return checked


class _Begun:
    """A source without its last bytes."""

    def __init__(self, source: Any, added: int) -> None:
        self._source = source
        self.size_bytes = source.size_bytes - added

    def read_at(self, offset: int, length: int) -> bytes:
        return bytes(self._source.read_at(offset, max(0, min(length, self.size_bytes - offset))))


@pytest.fixture
def leak(monkeypatch: pytest.MonkeyPatch) -> Leak:
    return Leak(monkeypatch)


@pytest.fixture(scope="module")
def slide(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("slide") / "a.svs"
    recipe = Recipe(width_px=130, height_px=100, with_identity=False, with_images=False, with_reduced=False)
    write_svs(path, recipe)
    return path.read_bytes() + f"|Title = {NAME}".encode()


@pytest.fixture(scope="module")
def clip() -> bytes:
    def prepare(output: Any, _: Any) -> None:
        output.metadata["title"] = NAME

    return write_clip(replace(H264, codes=range(3), prepare=prepare), (shown(code) for code in range(3)))


def convert_clip(data: bytes, output: Path) -> None:
    output.mkdir(exist_ok=True)
    video.convert.convert(
        BytesSource(data), output, progress=lambda *_: None, cancelled=lambda: False, workers=1
    )


WINGS: dict[str, tuple[Callable[[bytes, Path], object], type[Exception]]] = {
    "slide": (convert_bytes, SlideNotProvedError),
    "clip": (convert_clip, VideoNotProvedError),
}


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("kind", WINGS)
def test_what_still_says_a_name_is_refused(
    request: pytest.FixtureRequest, leak: Leak, kind: str, coding: str, tmp_path: Path
) -> None:
    convert, error = WINGS[kind]
    leak.text = CODINGS[coding](NAME)
    with pytest.raises(error, match="a text of the source was found"):
        convert(request.getfixturevalue(kind), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_it_is_the_search_that_refuses_and_nothing_else(
    slide: bytes, clip: bytes, leak: Leak, tmp_path: Path
) -> None:
    """What the source did not say gets as far as to the sizes of the files."""
    leak.text = OTHER.encode()
    with pytest.raises(CanonicalError, match="not of the size"):
        convert_bytes(slide, tmp_path / "slide")
    with pytest.raises(CanonicalVideoError):
        convert_clip(clip, tmp_path / "clip")


def many(count: int) -> Sequence[str]:
    return [f"{named(f'{number:05}')}x" for number in range(count)]


@pytest.mark.slow
def test_of_ten_thousand_texts_none_is_too_many(slide: bytes, leak: Leak, tmp_path: Path) -> None:
    texts = many(10_000)
    data = slide + "|".join(f"Key{number} = {text}" for number, text in enumerate(texts)).encode()
    elements = {0x00091000 + number: ("LO", text) for number, text in enumerate(texts)}
    loop = dicom_loop([shown(0), shown(1)], Writing(elements=elements))
    for kind, source in (("slide", data), ("clip", loop)):
        convert, error = WINGS[kind]
        for number in (0, -1):
            leak.text = texts[number].encode()
            with pytest.raises(error, match="a text of the source was found"):
                convert(source, tmp_path / f"{kind}{number}")
