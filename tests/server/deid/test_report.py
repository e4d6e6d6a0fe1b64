"""The signed report of an asset, and its page."""

import json
import re
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature

from ground.removed import needles, removed_values
from ground.search import MultiSearch
from ground.source import FileSource
from server.catalog import State
from server.deid.policy import load_policy
from server.deid.report import report_json, scrub_report, verify_report
from server.deid.report_page import report_html
from server.deid.report_style import CONTENT_SECURITY_POLICY, STYLE
from server.deid.signing import SignatureError, Signer
from server.errors import WrongStateError
from tests.server.deid.reports import SIGNED, asset_of, loop_report, place, policy_of, slide_report
from tiling.convert import convert as convert_slide
from tiling.open_slide import open_slide
from video.convert import convert as convert_video
from video.limits import Limits
from video.open_video import open_video

DOCS = Path(__file__).resolve().parents[3] / "docs" / "deid.md"
EVIL = "<script>alert('x')</script>&\""


@pytest.fixture(scope="module")
def signer(tmp_path_factory):
    return Signer.of_data(tmp_path_factory.mktemp("data"), lambda count: bytes(range(count)))


@pytest.fixture
def make(signer):
    """A report as the server makes it, read back from its file."""

    def make(report, signatures=SIGNED, **changed):
        document = scrub_report(
            asset_of(report, **changed),
            signatures,
            signer,
            software_version="0.1.0",
            policy=load_policy(None),
        )
        return json.loads(report_json(document))

    return make


@pytest.mark.parametrize("report", [loop_report(), slide_report()])
def test_a_report_verifies_as_written_and_not_once_anything_in_it_was_altered(make, signer, report):
    document = make(report)
    assert verify_report(document, public_key=signer.public_key) == document["signature"]["key_id"]
    text = json.dumps(document["report"])
    for match in list(re.finditer(r"\d", text))[::40]:
        digit = "2" if match.group() == "1" else "1"
        changed = text[: match.start()] + digit + text[match.end() :]
        with pytest.raises(SignatureError):
            verify_report({"report": json.loads(changed), "signature": document["signature"]})


def test_the_report_says_what_by_which_policy_and_who_signed(make):
    report = make(loop_report())["report"]
    assert report["policy"]["digest"] == load_policy(None).digest
    assert report["policy"]["rules"]["video"]["outside_sector"] is True
    assert len(report["safe_harbor"]) == 18
    assert report["release"]["signatures"] == [{"by": "anna", "at": SIGNED[0].at}]
    assert report["release"]["released_by"] == "anna"
    assert report["pictures"]["by_reason"] == {
        "outside_sector": {"found": 1, "masked": 1},
        "text": {"found": 2, "masked": 1},
    }
    assert report["places"]["by_action"]["dropped"]["count"] == 10
    assert report["kept"].keys() == {"video", "catalog"}
    assert report["proof"]["search"]["places_found"] == 0


def test_rules_of_another_version_of_the_policy_are_not_taken_for_those_in_force_then(make):
    report = loop_report()
    report["policy"] = report["policy"] | {"digest": "0" * 64}
    assert "rules" not in make(report)["report"]["policy"]


def test_the_name_of_the_case_is_not_in_a_report(make):
    assert "Jane Doe" not in json.dumps(make(loop_report()))


@pytest.mark.parametrize(("folder", "pattern"), [("ultrasound", "*DOE-JOHN.dcm"), ("slides", "small.svs")])
def test_no_string_of_a_real_source_is_in_its_report_or_page(make, shared_data, tmp_path, folder, pattern):
    (path,) = (shared_data / folder).glob(pattern)
    is_slide = folder == "slides"
    with FileSource(path) as source:
        convert = convert_slide if is_slide else convert_video
        converted = convert(source, tmp_path, progress=lambda *_: None, cancelled=lambda: False)
        opened = open_slide(source) if is_slide else open_video(source, Limits())
        texts = list(opened.texts())
    document = make(converted.to_json() | {"policy": policy_of()}, source_suffix=path.suffix)
    words = report_json(document) + report_html(document)
    # Words of ours and the standard's names of places stand in a report of any file.
    ours = report_json(make(slide_report() if is_slide else loop_report())) + " ".join(
        entry["place"] for entry in document["report"]["places"]["list"]
    )
    sought = needles(removed_values(texts, [path.stem]), ours.encode())
    assert len(sought) > 50
    assert MultiSearch(sought).count(words.encode()) == 0


def test_the_lines_of_the_documentation_check_a_report_without_this_program(
    make, signer, tmp_path, monkeypatch
):
    (lines,) = re.findall(r"^```python\n(.*?)^```", DOCS.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    document = make(loop_report())
    (tmp_path / "key.pem").write_text(signer.public_pem)
    monkeypatch.chdir(tmp_path)
    Path("report.json").write_text(report_json(document), "utf-8")
    exec(lines, {})  # noqa: S102 - our own documentation
    document["report"]["asset"]["subject"] = "P-0000-0000"
    Path("report.json").write_text(report_json(document), "utf-8")
    with pytest.raises(InvalidSignature):
        exec(lines, {})  # noqa: S102


def test_an_asset_that_was_not_converted_has_no_report(make):
    with pytest.raises(WrongStateError):
        make(None)


def test_an_asset_converted_by_an_older_version_has_an_honest_one(make):
    report = loop_report()
    del report["scrub"], report["policy"]
    document = make(report, signatures=(), state=State.AWAITING_RELEASE, released_by=None, released_at=None)
    assert document["report"]["pictures"] is None
    page = report_html(document)
    assert "Pictures were not looked at" in page
    assert "Nobody has signed." in page


class Outline(HTMLParser):
    """What a reader with a screen reader meets, and whether every element ends where it should."""

    EMPTY = frozenset({"meta", "br", "link", "img", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def attributes(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def outline(make):
    def outline(report, **changed):
        parser = Outline()
        parser.feed(report_html(make(report, **changed)))
        parser.close()
        assert not parser.open
        return parser

    return outline


@pytest.mark.parametrize("report", [loop_report(), slide_report()])
def test_the_page_is_well_formed_and_has_language_headings_in_order_and_headed_tables(outline, report):
    page = outline(report)
    assert page.attributes("html") == [{"lang": "en"}]
    assert len(page.attributes("title")) == len(page.attributes("h1")) == len(page.attributes("main")) == 1
    levels = [int(tag[1]) for tag, _attributes in page.tags if re.fullmatch("h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(attributes.get("scope") in {"row", "col"} for attributes in page.attributes("th"))
    identifiers = [attributes["id"] for _tag, attributes in page.tags if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    targets = {attributes["href"].removeprefix("#") for attributes in page.attributes("a")}
    assert targets and targets <= set(identifiers)


def test_the_page_loads_nothing_runs_nothing_and_its_policy_allows_its_own_style_alone(outline, make):
    page = outline(loop_report())
    tags = {tag for tag, _attributes in page.tags}
    assert not tags & {"script", "img", "link", "iframe", "object", "form", "svg", "button", "input"}
    for _tag, attributes in page.tags:
        assert not {name for name in attributes if name.startswith("on") or name in ("src", "style")}
    assert all(attributes["href"].startswith("#") for attributes in page.attributes("a"))
    assert "default-src 'none'" in CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert f"<style>{STYLE}</style>" in report_html(make(loop_report()))


@pytest.mark.parametrize("report", [loop_report(), slide_report()])
def test_what_all_rows_share_stands_on_the_page_once_and_in_each_row_of_the_json(make, report):
    document = make(report)
    rows = {row["letter"]: row for row in document["report"]["safe_harbor"]}
    page = unescape(report_html(document))
    for column in ("looked_for", "found", "done"):
        first, *shared = rows["D"][column]
        assert shared and f"<li>{first}</li>" in page
        for sentence in shared:
            assert all(sentence in row[column] for letter, row in rows.items() if letter not in "PQ")
            assert page.count(f"<li>{sentence}</li>") == 1
    for sentence in (*rows["A"]["proof"], *rows["A"]["not_shown"]):
        assert page.count(sentence) == 1
    assert all(f'<span class="letter">{letter}</span>' in page for letter in rows)


def test_places_of_one_name_or_of_one_part_of_the_source_stand_together(make):
    places = [place("label, here", 2), place("label, here", 3)]
    places += [place(f"directory 1 (label), {name}", 4) for name in ("Artist", "DateTime")]
    places += [place("Sequence > PatientName", 5), place("PixelData", 6, "kept")]
    page = report_html(make(slide_report(places=places)))
    assert "<li>label, here × 2 (5)</li>" in page
    assert "<li><b>directory 1 (label)</b>: Artist (4), DateTime (4)</li>" in page
    assert "<li><b>Sequence</b>: PatientName (5)</li>" in page
    assert "Dropped: 5 places, 18 bytes" in page and "<li>PixelData (6)</li>" in page


def test_every_value_is_escaped(make):
    report = loop_report(remarks=[EVIL], losses=[EVIL], source_format=EVIL, places=[place(EVIL)])
    report["scrub"] = report["scrub"] | {"material": EVIL, "detector": EVIL}
    report["policy"] = report["policy"] | {"name": EVIL, "profile": EVIL}
    page = report_html(make(report, subject=EVIL, acquired_on=EVIL, source_suffix=EVIL, asset_id=EVIL))
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 10


def test_of_very_many_places_the_page_shows_the_first_and_says_where_the_rest_is(make):
    document = make(loop_report(places=[place(f"private (0013,{number:04x})") for number in range(1_200)]))
    page = report_html(document)
    assert "700 further places are in the report as JSON." in page
    assert len(document["report"]["places"]["list"]) == 1_200
