"""The report as a page for people: one file without scripts or addresses, made to be printed."""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from server.deid.report_harbor import bullets, harbor_table
from server.deid.report_style import STYLE
from server.deid.safe_harbor_evidence import counted

MOST_PLACES = 500
_REASONS = {
    "outside_regions": "Beyond the regions that the file declares",
    "outside_sector": "Beyond the part that moves",
    "text": "Text",
    "out_of_body": "Stretches that show the room",
    "label": "Label of the slide",
    "reviewer": "Drawn by a reviewer",
}
_ACTIONS = {
    "dropped": "Dropped",
    "rebuilt": "Written anew from checked values",
    "kept": "Kept: the examination itself",
}
_RESIDUAL = {None: "not looked for", 0: "none"}
_SECONDS_END = 19
_HEAD = re.compile(r"(?P<part>(?:directory|file) \d+(?: \([^)]*\))?|\w+(?= > ))(?:, | > )(?P<name>.+)")
"""The directory, file or sequence in which a place lies, and the rest of the place's name."""


def report_html(document: Mapping[str, Any]) -> str:
    """The page of a signed report, as `scrub_report` makes it. Every value is escaped."""
    report, signature = document["report"], document["signature"]
    asset, policy = report["asset"], report["policy"]
    title = f"Scrub report {asset['asset_id']}"
    body = (
        f"<h1>{_text(title)}</h1>",
        f'<p class="outcome">{_text(_summary(report))}</p>',
        _section(
            "Asset and policy",
            _pair(_facts(_asset_facts(report)), _facts(_policy_facts(policy, asset["kind"]))),
            _kept(report["kept"]),
        ),
        _section("The eighteen identifiers of 45 CFR 164.514(b)(2)(i)", harbor_table(report["safe_harbor"])),
        _section("Pictures", _pictures(report["pictures"])),
        _section("Release", _release(report["release"]), _files(asset)),
        _section("Places of the source", _places(report["places"])),
        _section("What this report does not prove", bullets(report["limits"])),
        _section("Signature of this report", _signature(report, signature)),
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
    """The outcome in one sentence or two."""
    asset, release = report["asset"], report["release"]
    signed, needed = len(release["signatures"]), release["signatures_needed"]
    of = f" of {needed}" if needed else ""
    state = {
        "released": f"Released {_moment(release['released_at'])}.",
        "awaiting_release": "Awaits its release; no annotator can see it.",
    }.get(asset["state"], f"Its state is “{asset['state']}”; no annotator can see it.")
    return f"{state} Signatures: {signed}{of}."


def _moment(stamp: object) -> str:
    """RFC 3339 as people read it, to the second."""
    text = str(stamp)
    return f"{text[:10]} {text[11:19]} UTC" if len(text) > _SECONDS_END and text[10] == "T" else text


def _asset_facts(report: Mapping[str, Any]) -> list[tuple[str, object]]:
    asset, software = report["asset"], report["software"]
    scrubbed = asset["scrubbed"] or {}
    frames = "" if asset["frame_count"] is None else f", {counted(asset['frame_count'], 'frame')}"
    facts: list[tuple[str, object]] = [
        ("Kind", asset["kind"]),
        ("Came as", f"{asset['source_format']} ({asset['source_suffix'] or 'no known suffix'})"),
        ("Source", counted(asset["source_bytes"], "byte")),
        ("Result", f"{asset['width_px']} × {asset['height_px']} px{frames}"),
        ("Patient", asset["subject"] or "the source names none"),
        ("Day, shifted", asset["acquired_on"] or "none"),
        ("Sealed original", "in quarantine" if asset["has_sealed_original"] else "destroyed"),
        (
            "Scrubbed",
            scrubbed.get("at") and f"{_moment(scrubbed['at'])}, by slidereel {scrubbed['software_version']}",
        ),
        ("Report", f"as of {_moment(report['as_of'])}, by {software['name']} {software['version']}"),
    ]
    if asset["problem"]:
        facts.insert(0, ("Problem", asset["problem"]))
    facts += [("Remark", remark) for remark in asset["remarks"]]
    return facts + [("Missing", loss) for loss in asset["losses"]]


def _policy_facts(policy: Mapping[str, Any], kind: str) -> list[tuple[str, object]]:
    facts: list[tuple[str, object]] = [
        ("Policy", policy.get("name")),
        ("Version", policy.get("version")),
        ("Profile", policy.get("profile")),
        ("Signatures", policy.get("signatures")),
        ("Originals", _originals(policy)),
        ("SHA-256", policy.get("digest")),
    ]
    rules = policy.get("rules", {}).get(kind, {})
    if rules:
        words = ", ".join(f"{name} = {_toml(value)}" for name, value in rules.items())
        facts.append((f"Rules for a {kind}", words))
    return facts


def _originals(policy: Mapping[str, Any]) -> object:
    days = policy.get("rules", {}).get("keep_days")
    return policy.get("originals") if days is None else f"keep, for {counted(days, 'day')} after the release"


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _section(heading: str, *parts: str) -> str:
    return f"<section>\n<h2>{_text(heading)}</h2>\n" + "\n".join(parts) + "\n</section>"


def _facts(facts: Sequence[tuple[str, object]]) -> str:
    lines = (f"<dt>{_text(name)}</dt><dd>{_shown(value)}</dd>" for name, value in facts)
    return '<dl class="facts">\n' + "\n".join(lines) + "\n</dl>"


def _pair(left: str, right: str) -> str:
    return f'<div class="pair">\n<div>{left}</div>\n<div>{right}</div>\n</div>'


def _kept(kept: Mapping[str, Sequence[str]]) -> str:
    names = "; ".join(f"of the {place}: {', '.join(names)}" for place, names in kept.items())
    return f"<p>Values that travel, and no others: {_text(names)}.</p>"


def _files(asset: Mapping[str, Any]) -> str:
    """What was signed for, and how anybody can tell that it is still that."""
    if not asset["files"]:
        return f"<p>SHA-256 of the result: <code>{_shown(asset['canonical_sha256'])}</code></p>"
    table = _table(
        "What annotators can see of the asset is made of these files alone.",
        ("File", "Bytes", "SHA-256"),
        [(file["name"], file["byte_count"], file["sha256"]) for file in asset["files"]],
    )
    folder = f"assets/{asset['asset_id']}"
    return (
        f"{table}\n<p>Signatures are for the digest over all of them, "
        f"<code>{_text(asset['canonical_sha256'])}</code>, which this prints in the data folder:</p>\n"
        f"<pre>(cd {_text(folder)} &amp;&amp; LC_ALL=C &amp;&amp; sha256sum * | sha256sum)</pre>"
    )


def _signature(report: Mapping[str, Any], signature: Mapping[str, Any]) -> str:
    """By what it was signed, and the commands that check it."""
    asset_id = _text(report["asset"]["asset_id"])
    facts = _facts(
        [
            ("Algorithm", signature["algorithm"]),
            ("Key", signature["key_id"]),
            ("Public key", signature["public_key"]),
            ("Signature", signature["value"]),
        ]
    )
    return (
        f"{facts}\n<p>What is signed is the report as JSON; as long as neither the asset nor the version of "
        "Slidereel changes, it carries the signature above. The first two commands need the data folder, the "
        "third only what they wrote; have the public key from somebody whom you trust.</p>\n"
        f"<pre>slidereel report {asset_id} --output report.json\n"
        "slidereel report --show-key --output key.pem\n"
        "slidereel report --verify report.json --public-key key.pem</pre>"
    )


def _cell(value: object) -> str:
    return (
        f'<td class="number">{_shown(value)}</td>' if isinstance(value, int) else f"<td>{_shown(value)}</td>"
    )


def _table(
    caption: str, heads: Sequence[str], lines: Iterable[Sequence[object]], *, narrow: bool = False
) -> str:
    head = "".join(f'<th scope="col">{_text(name)}</th>' for name in heads)
    rows = "\n".join(
        f'<tr><th scope="row">{_text(first)}</th>{"".join(map(_cell, rest))}</tr>' for first, *rest in lines
    )
    return (
        f"<table{' class=narrow' * narrow}><caption>{_text(caption)}</caption>\n"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>"
    )


def _pictures(pictures: Mapping[str, Any] | None) -> str:
    if pictures is None:
        return "<p>Pictures were not looked at: the asset was converted by a version that did not do so.</p>"
    residual = pictures["residual_text"]
    stated = (
        f"<p>Material: {_text(pictures['material'])}. Detector of text: {_shown(pictures['detector'])}. "
        f"Text found in the result: {_RESIDUAL.get(residual, residual)}.</p>"
    )
    found = pictures["by_reason"]
    if not found:
        return stated + "<p>Nothing was found that had to be blanked.</p>"
    return stated + _table(
        "Findings in the pictures",
        ("Reason", "Found", "Blanked"),
        [(_REASONS.get(reason, reason), seen["found"], seen["masked"]) for reason, seen in found.items()],
        narrow=True,
    )


def _places(places: Mapping[str, Any]) -> str:
    """Under each action the places with which it was done: those of one name once, those of one part of the
    source behind its name."""
    by_action: dict[str, dict[str, list[int]]] = {}
    for place in places["list"]:
        by_action.setdefault(place["action"], {}).setdefault(place["place"], []).append(place["byte_count"])
    room, parts = MOST_PLACES, ["<p>In brackets: bytes.</p>"]
    for action, entry in places["by_action"].items():
        named = list(by_action.get(action, {}).items())
        sums = f"{counted(entry['count'], 'place')}, {counted(entry['byte_count'], 'byte')}"
        parts.append(f"<h3>{_text(_ACTIONS.get(action, action))}: {sums}</h3>")
        parts.append(_by_part(named[:room]))
        if len(named) > room:
            parts.append(f"<p>{len(named) - room:,} further places are in the report as JSON.</p>")
        room = max(0, room - len(named))
    return "\n".join(parts)


def _by_part(named: Sequence[tuple[str, Sequence[int]]]) -> str:
    of_part: dict[str, list[str]] = {}
    for name, byte_counts in named:
        head = _HEAD.fullmatch(name)
        part, own_name = (head["part"], head["name"]) if head else ("", name)
        times = f" × {len(byte_counts):,}" if len(byte_counts) > 1 else ""
        of_part.setdefault(part, []).append(f"{own_name}{times} ({sum(byte_counts):,})")
    lines = (
        f"<li>{f'<b>{_text(part)}</b>: ' * bool(part)}{_text(', '.join(words))}</li>"
        for part, words in of_part.items()
    )
    return '<ul class="places">' + "".join(lines) + "</ul>"


def _release(release: Mapping[str, Any]) -> str:
    signatures = release["signatures"]
    if not signatures:
        return "<p>Nobody has signed.</p>"
    return _table(
        "Signatures for this result",
        ("By", "At"),
        [(signature["by"], _moment(signature["at"])) for signature in signatures],
        narrow=True,
    )
