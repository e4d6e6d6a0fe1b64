"""What a list says of a scrub: states and counts. The single asset and its report say all of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from server.catalog import Asset, State

OUTCOME = ("losses", "remarks", "has_macro", "frame_count", "psnr_db", "canonical_bytes")
"""Few and short, whatever the file was."""
SCRUB_OUTCOME = ("material", "residual_text")


def report_summary(asset: Asset) -> dict[str, Any]:
    """The report of an asset's conversion as far as lists show it; empty where there is none.

    Of an asset that awaits its release, what a person decides by comes along: the proof's numbers, and the
    places of the source, those of one name and fate as one entry with the sum of their bytes and, where there
    are several, their number ("times"). Findings are told by whether they are masked, without where they are.
    """
    report = asset.report or {}
    summary = {name: report[name] for name in OUTCOME if name in report}
    if scrub := report.get("scrub"):
        outcome = {name: scrub[name] for name in SCRUB_OUTCOME if name in scrub}
        findings = [{"is_masked": finding["is_masked"]} for finding in scrub.get("findings", ())]
        summary["scrub"] = {**outcome, "findings": findings}
    if asset.state is State.AWAITING_RELEASE:
        summary["proof"] = report.get("proof", {})
        summary["places"] = _by_name(report.get("places", ()))
    return summary


def _by_name(places: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    times: Counter[tuple[str, str]] = Counter()
    byte_counts: Counter[tuple[str, str]] = Counter()
    for place in places:
        kind = (place["place"], place["action"])
        times[kind] += 1
        byte_counts[kind] += place["byte_count"]
    return [
        {"place": name, "action": action, "byte_count": byte_counts[name, action]}
        | ({"times": number} if number > 1 else {})
        for (name, action), number in times.items()
    ]
