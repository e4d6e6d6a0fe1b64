"""The report on the scrub of one asset: what an auditor reads, and what a program checks."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from server.catalog import Asset, Signature
from server.deid.policy import KEPT, Policy, UnknownProfileError
from server.deid.safe_harbor import rows
from server.deid.signing import Signer, check_signature, without_fractions
from server.errors import WrongStateError

FORMAT, FORMAT_VERSION = "slidereel-scrub-report", 2
LIMITS = (
    "Every place of the source is listed by its name, and nothing of it was copied but what the list of kept "
    "values names. The search proves that none of the source's own strings of six or more characters is in "
    "the result; strings that a format hides from its own readers were not known to it.",
    "A detector of text is not certain. The pictures were open to the persons who signed, with every place "
    "that was found.",
    "The report says what was done to this file. Whether somebody could still be told from what is known "
    "elsewhere (a rare finding, a date in the press) is for the persons who signed to judge.",
)


def scrub_report(
    asset: Asset,
    signatures: Sequence[Signature],
    signer: Signer,
    *,
    software_version: str,
    policy: Policy | None = None,
) -> dict[str, Any]:
    """The signed report of an asset that was converted: {"report": {…}, "signature": {…}}.

    It is the same, byte for byte, for as long as neither the asset nor the version changes. signatures: for
    its canonical files, oldest first. policy: the one in force today; its rules are stated where the asset
    was scrubbed under it. Raises WrongStateError for an asset without a conversion's report.
    """
    if asset.report is None or asset.canonical_sha256 is None:
        raise WrongStateError(
            "There is no scrub to report on: the asset was not converted yet, is to be converted anew, or "
            "was discarded."
        )
    conversion = {**asset.report, "policy": _policy(asset.report.get("policy"), policy)}
    kind = str(asset.kind)
    report = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "as_of": max([asset.updated_at, *(signature.at for signature in signatures)]),
        "software": {"name": "slidereel", "version": software_version},
        "asset": {
            "asset_id": asset.asset_id,
            "kind": kind,
            "state": str(asset.state),
            "problem": None if asset.problem is None else asset.problem.detail,
            "source_format": conversion.get("source_format"),
            "source_suffix": asset.source_suffix,
            "source_bytes": asset.source_bytes,
            "has_sealed_original": asset.quarantine_key is not None,
            "subject": asset.subject,
            "acquired_on": asset.acquired_on,
            "width_px": asset.width_px,
            "height_px": asset.height_px,
            "frame_count": asset.frame_count,
            "canonical_sha256": asset.canonical_sha256,
            "canonical_bytes": asset.canonical_bytes,
            "files": [dict(file) for file in conversion.get("files", ())],
            "scrubbed": conversion.get("scrubbed"),
            "remarks": list(conversion.get("remarks", ())),
            "losses": list(conversion.get("losses", ())),
        },
        "policy": conversion["policy"],
        "kept": {place: list(names) for place, names in KEPT.items() if place in (kind, "catalog")},
        "safe_harbor": [
            row.to_json()
            for row in rows(conversion, kind=kind, subject=asset.subject, acquired_on=asset.acquired_on)
        ],
        "pictures": _pictures(conversion.get("scrub")),
        "places": _places(conversion.get("places", ())),
        "proof": conversion.get("proof", {}),
        "release": {
            "released_by": _released_by(asset, signatures),
            "released_at": asset.released_at,
            "signatures": [{"by": signature.name, "at": signature.at} for signature in signatures],
            "signatures_needed": conversion["policy"].get("signatures"),
        },
        "limits": list(LIMITS),
    }
    exact = without_fractions(report)
    return {"report": exact, "signature": signer.sign(exact)}


def verify_report(document: Any, *, public_key: bytes | None = None) -> str:
    """The name of the key that signed a report, as `scrub_report` made it and `json` read it.

    public_key: the key that must have signed. Raises SignatureError where anything was altered.
    """
    body = document.get("report") if isinstance(document, Mapping) else None
    signature = document.get("signature") if isinstance(document, Mapping) else None
    return check_signature(body, signature, public_key=public_key)


def report_json(document: Mapping[str, Any]) -> str:
    """The document as a file: indented, since only its exact form is what was signed."""
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _policy(stated: Mapping[str, Any] | None, today: Policy | None) -> dict[str, Any]:
    """What was on record of the policy when the asset was scrubbed, with its rules where they are known."""
    known = dict(stated or {})
    if "rules" not in known and today is not None and known.get("digest") == today.digest:
        try:
            known["rules"] = today.profile(known.get("profile")).to_json()
        except UnknownProfileError:
            return known
    return known


def _released_by(asset: Asset, signatures: Sequence[Signature]) -> str | None:
    """The name, where a signature has it; the account's number says nothing to a reader."""
    for signature in signatures:
        if asset.released_by is not None and asset.released_by in (signature.account_id, signature.name):
            return signature.name
    return asset.released_by


def _pictures(scrub: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not scrub:
        return None
    findings = list(scrub.get("findings", ()))
    found = Counter(str(finding["reason"]) for finding in findings)
    masked = Counter(str(finding["reason"]) for finding in findings if finding["is_masked"])
    return {
        "material": scrub.get("material"),
        "detector": scrub.get("detector"),
        "by_reason": {reason: {"found": found[reason], "masked": masked[reason]} for reason in sorted(found)},
        "kept": scrub.get("kept"),
        "residual_text": scrub.get("residual_text"),
        "findings": findings,
    }


def _places(listed: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    count: Counter[str] = Counter()
    byte_count: Counter[str] = Counter()
    for place in listed:
        count[str(place["action"])] += 1
        byte_count[str(place["action"])] += int(place["byte_count"])
    actions = {action: {"count": count[action], "byte_count": byte_count[action]} for action in sorted(count)}
    return {"by_action": actions, "list": [dict(place) for place in listed]}
