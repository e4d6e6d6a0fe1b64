"""The report as a page for people: one file without scripts or addresses, made to be printed."""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light; }
body { font: 14px/1.45 system-ui, sans-serif; color: #1c1c1c; background: #fff; margin: 0; }
main { max-width: 1180px; margin: 0 auto; padding: 24px; }
h1 { font-size: 24px; margin: 0 0 4px; }
h2 { font-size: 17px; margin: 28px 0 8px; border-bottom: 1px solid #767676; padding-bottom: 3px; }
p { margin: 4px 0; max-width: 80ch; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; color: #4a4a4a; padding-bottom: 4px; }
th, td { border: 1px solid #9a9a9a; padding: 4px 7px; text-align: left; vertical-align: top; }
thead th { background: #ececec; }
tbody th { font-weight: 600; }
table.facts { width: auto; }
table.harbor { table-layout: fixed; }
table.harbor th, table.harbor td { overflow-wrap: break-word; }
table.harbor th:nth-child(1) { width: 16%; }
table.harbor th:nth-child(5), table.harbor th:nth-child(6) { width: 7%; }
ul, ol { margin: 0; padding-left: 18px; }
td ul { list-style: none; padding: 0; }
td li + li { margin-top: 4px; }
code { font: 12px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
a { color: #0b3d91; }
.letter { display: inline-block; min-width: 1.6em; font-weight: 700; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
@page { size: A4 landscape; margin: 12mm; }
@media print {
  body { font-size: 9pt; }
  main { max-width: none; padding: 0; }
  tr, li { break-inside: avoid; }
  h2 { break-after: avoid; }
  a { color: inherit; text-decoration: none; }
}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""What a server should send with the page: nothing may be loaded, nothing may run."""
MOST_PLACES = 500
_REASONS = {
    "outside_regions": "Beyond the regions that the file declares",
    "outside_sector": "Beyond the part that moves",
    "text": "Text",
    "out_of_body": "Stretches that show the room",
    "label": "Label of the slide",
    "reviewer": "Drawn by a reviewer",
}
_LETTER_CLASS = "letter"


def report_html(document: Mapping[str, Any]) -> str:
    """The page of a signed report, as `scrub_report` makes it. Every value is escaped."""
    report, signature = document["report"], document["signature"]
    asset, policy = report["asset"], report["policy"]
    title = f"Scrub report {asset['asset_id']}"
    body = (
        f"<h1>{_text(title)}</h1>",
        f"<p>{_text(_summary(report))}</p>",
        _section("Asset", _facts(_asset_facts(report))),
        _section("Policy", _facts(_policy_facts(policy, asset["kind"])), _kept(report["kept"])),
        _section("The eighteen identifiers of 45 CFR 164.514(b)(2)(i)", _harbor(report["safe_harbor"])),
        _section("Pictures", _pictures(report["pictures"])),
        _section("Places of the source", _places(report["places"])),
        _section("Release", _release(report["release"])),
        _section("What this report does not prove", _list(report["limits"])),
        _section("Signature of this report", _facts(_signature_facts(signature))),
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


def _text(value: object) -> str:
    return escape(str(value))


def _shown(value: object) -> str:
    """A value in a cell; what is not on record is said to be so."""
    if value is None or value == "":
        return "not on record"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return _text(value)


def _summary(report: Mapping[str, Any]) -> str:
    asset, release = report["asset"], report["release"]
    signed, needed = len(release["signatures"]), release["signatures_needed"]
    state = {
        "released": "It was released.",
        "awaiting_release": "It awaits release, and no annotator can see it.",
    }.get(asset["state"], f"Its state is “{asset['state']}”.")
    signatures = f"Signatures: {signed} of {needed}." if needed else f"Signatures: {signed}."
    done = f"What was done to one {asset['kind']} so that the patient cannot be told from it."
    return f"{done} {state} {signatures}"


def _asset_facts(report: Mapping[str, Any]) -> list[tuple[str, object]]:
    asset, software = report["asset"], report["software"]
    scrubbed = asset["scrubbed"] or {}
    facts: list[tuple[str, object]] = [
        ("Asset", asset["asset_id"]),
        ("Kind", asset["kind"]),
        ("State", asset["state"]),
        ("Problem", asset["problem"] or "none"),
        ("Came as", f"{asset['source_format']} ({asset['source_suffix'] or 'no known suffix'})"),
        ("Bytes of the source", asset["source_bytes"]),
        ("Sealed original", "in quarantine" if asset["has_sealed_original"] else "destroyed"),
        ("Size", f"{asset['width_px']} × {asset['height_px']} px"),
        ("Frames", asset["frame_count"] if asset["frame_count"] is not None else "none: a slide"),
        ("Patient", asset["subject"] or "the source names none"),
        ("Day of the examination, shifted", asset["acquired_on"] or "none"),
        ("SHA-256 of the result", asset["canonical_sha256"]),
        ("Bytes of the result", asset["canonical_bytes"]),
        ("Scrubbed", scrubbed.get("at")),
        ("By version", scrubbed.get("software_version")),
        ("Report made", report["made_at"]),
        ("By", f"{software['name']} {software['version']}"),
    ]
    facts += [("Remark", remark) for remark in asset["remarks"]]
    return facts + [("Missing", loss) for loss in asset["losses"]]


def _policy_facts(policy: Mapping[str, Any], kind: str) -> list[tuple[str, object]]:
    facts: list[tuple[str, object]] = [
        ("Policy", policy.get("name")),
        ("Version", policy.get("version")),
        ("Digest", policy.get("digest")),
        ("Profile", policy.get("profile")),
        ("Signatures needed", policy.get("signatures")),
        ("Originals", policy.get("originals")),
    ]
    rules = policy.get("rules", {}).get(kind, {})
    if rules:
        words = ", ".join(f"{name} = {_toml(value)}" for name, value in rules.items())
        facts.append((f"Rules for a {kind}", words))
    return facts


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _signature_facts(signature: Mapping[str, Any]) -> list[tuple[str, object]]:
    return [
        ("Algorithm", signature["algorithm"]),
        ("Key", signature["key_id"]),
        ("Public key", signature["public_key"]),
        ("Value", signature["value"]),
        ("To check it", "slidereel report --verify FILE, with the report as JSON"),
    ]


def _section(heading: str, *parts: str) -> str:
    return f"<section>\n<h2>{_text(heading)}</h2>\n" + "\n".join(parts) + "\n</section>"


def _facts(facts: Sequence[tuple[str, object]]) -> str:
    lines = (f'<tr><th scope="row">{_text(name)}</th><td>{_shown(value)}</td></tr>' for name, value in facts)
    return '<table class="facts"><tbody>\n' + "\n".join(lines) + "\n</tbody></table>"


def _list(items: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{_text(item)}</li>" for item in items) + "</ul>"


def _kept(kept: Mapping[str, Sequence[str]]) -> str:
    names = "; ".join(f"{place}: {', '.join(names)}" for place, names in kept.items())
    return f"<p>Values that travel, and no others: {_text(names)}.</p>"


def _harbor(rows: Sequence[Mapping[str, Any]]) -> str:
    """The table; sentences that many rows share stand once, below it."""
    proofs = _Notes("proof")
    notes = _Notes("note")
    lines = [_harbor_row(row, proofs, notes) for row in rows]
    heads = "".join(
        f'<th scope="col">{head}</th>'
        for head in ("Identifier", "Looked for", "Found", "Done", "Proof", "Not shown")
    )
    return (
        '<table class="harbor">\n<caption>Places are named, never what stood in them. '
        "Numbered proofs and notes follow the table.</caption>\n"
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n" + "\n".join(lines) + "\n</tbody></table>\n"
        "<h3>Proofs</h3>\n" + proofs.listed() + "\n<h3>What is not shown</h3>\n" + notes.listed()
    )


def _harbor_row(row: Mapping[str, Any], proofs: "_Notes", notes: "_Notes") -> str:
    letter = f'<span class="{_LETTER_CLASS}">({_text(row["letter"])})</span>'
    return (
        f'<tr><th scope="row">{letter} {_text(row["identifier"])}</th>'
        f"<td>{_list(row['looked_for'])}</td><td>{_list(row['found'])}</td><td>{_list(row['done'])}</td>"
        f"<td>{proofs.references(row['proof'])}</td><td>{notes.references(row['not_shown'])}</td></tr>"
    )


class _Notes:
    """Sentences by number, in the order of their first mention."""

    def __init__(self, word: str) -> None:
        self._word = word
        self._sentences: list[str] = []

    def references(self, sentences: Iterable[str]) -> str:
        return ", ".join(self._reference(sentence) for sentence in sentences) or "–"

    def _reference(self, sentence: str) -> str:
        if sentence not in self._sentences:
            self._sentences.append(sentence)
        number = self._sentences.index(sentence) + 1
        return f'<a href="#{self._word}-{number}">{self._word} {number}</a>'

    def listed(self) -> str:
        items = (
            f'<li id="{self._word}-{number}">{_text(sentence)}</li>'
            for number, sentence in enumerate(self._sentences, 1)
        )
        return "<ol>" + "".join(items) + "</ol>"


def _cell(value: object) -> str:
    return (
        f'<td class="number">{_shown(value)}</td>' if isinstance(value, int) else f"<td>{_shown(value)}</td>"
    )


def _table(caption: str, heads: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    head = "".join(f'<th scope="col">{_text(name)}</th>' for name in heads)
    rows = "\n".join(
        f'<tr><th scope="row">{_text(first)}</th>{"".join(map(_cell, rest))}</tr>' for first, *rest in lines
    )
    return (
        f"<table><caption>{_text(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{rows}\n</tbody></table>"
    )


def _pictures(pictures: Mapping[str, Any] | None) -> str:
    if pictures is None:
        return "<p>Pictures were not looked at: the asset was converted by a version that did not do so.</p>"
    residual = pictures["residual_text"]
    stated = (
        f"<p>Material: {_text(pictures['material'])}. Detector of text: {_shown(pictures['detector'])}. "
        f"Found again in the result: {'not asked' if residual is None else residual}.</p>"
    )
    found = pictures["by_reason"]
    if not found:
        return stated + "<p>Nothing was found that had to be blanked.</p>"
    return stated + _table(
        "Findings in the pictures",
        ("Reason", "Found", "Blanked"),
        [(_REASONS.get(reason, reason), seen["found"], seen["masked"]) for reason, seen in found.items()],
    )


def _places(places: Mapping[str, Any]) -> str:
    listed = places["list"]
    sums = _table(
        "What became of the places of the source",
        ("Action", "Places", "Bytes"),
        [(action, entry["count"], entry["byte_count"]) for action, entry in places["by_action"].items()],
    )
    more = (
        f"<p>{len(listed) - MOST_PLACES:,} further places are in the report as JSON.</p>"
        if len(listed) > MOST_PLACES
        else ""
    )
    lines = [(place["place"], place["action"], place["byte_count"]) for place in listed[:MOST_PLACES]]
    return sums + "\n<h3>Each place</h3>\n" + _table("By name", ("Place", "Action", "Bytes"), lines) + more


def _release(release: Mapping[str, Any]) -> str:
    signatures = release["signatures"]
    facts = _facts(
        [
            ("Released", release["released_at"] or "not yet"),
            ("Signatures needed", release["signatures_needed"]),
        ]
    )
    if not signatures:
        return facts + "<p>Nobody has signed.</p>"
    return facts + _table(
        "Signatures for this result",
        ("By", "At"),
        [(signature["by"], signature["at"]) for signature in signatures],
    )
