"""What the report of a conversion says, in the words in which the eighteen rows need it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.deid.safe_harbor_places import Place, read_places

_FILES = {"slide": "slide.tif", "video": "video.mp4"}
_READERS = {"slide": "OpenSlide and tifffile", "video": "FFmpeg, and a walk through every box of the file"}


@dataclass(frozen=True, slots=True)
class Seen:
    """How many findings of one reason there were in the pictures, and how many of them are blank now."""

    found: int
    masked: int


@dataclass(frozen=True, slots=True)
class Pictures:
    """What was done about the pictures themselves.

    detector: of text; None where text was not looked for. residual: places where it found text again in the
    result, None where that was not asked. recognised: windows of a clip that show what the detector had
    looked at before. is_cut: everything beyond the examination's own area is blank.
    """

    material: str
    detector: str | None
    seen: Mapping[str, Seen]
    is_cut: bool
    residual: int | None
    recognised: int

    def of(self, *reasons: str) -> Seen:
        chosen = [self.seen[reason] for reason in reasons if reason in self.seen]
        return Seen(sum(seen.found for seen in chosen), sum(seen.masked for seen in chosen))


@dataclass(frozen=True, slots=True)
class Evidence:
    """pictures: None of an asset that was converted before pictures were looked at.

    rules: of the profile for this kind of asset; empty where they are not on record.
    """

    kind: str
    places: tuple[Place, ...]
    pictures: Pictures | None
    search: str
    reopening: str
    masks: str | None
    has_macro: bool
    added_boxes: int
    rules: Mapping[str, Any]


def read_evidence(report: Mapping[str, Any], *, kind: str) -> Evidence:
    """From a conversion's report; kind: "slide" or "video"."""
    proof = report.get("proof", {})
    scrub = report.get("scrub")
    pictures = _read_pictures(scrub) if scrub else None
    return Evidence(
        kind=kind,
        places=read_places(report),
        pictures=pictures,
        search=_search(proof.get("search", {})),
        reopening=_reopening(proof, kind),
        masks=_masks(proof, pictures),
        has_macro=bool(report.get("has_macro", False)),
        added_boxes=0 if pictures is None else pictures.of("reviewer").found,
        rules=report.get("policy", {}).get("rules", {}).get(kind, {}),
    )


def _read_pictures(scrub: Mapping[str, Any]) -> Pictures:
    seen: dict[str, Seen] = {}
    for finding in scrub.get("findings", ()):
        reason = str(finding["reason"])
        before = seen.get(reason, Seen(0, 0))
        seen[reason] = Seen(before.found + 1, before.masked + bool(finding["is_masked"]))
    detector = scrub.get("detector")
    return Pictures(
        material=str(scrub.get("material", "unknown")),
        detector=None if detector in (None, "", "none") else str(detector),
        seen=seen,
        is_cut=scrub.get("kept") is not None,
        residual=scrub.get("residual_text"),
        recognised=int(scrub.get("windows_recognised", 0)),
    )


def _search(search: Mapping[str, Any]) -> str:
    if not search:
        return "No search of the result is on record."
    found = int(search["places_found"])
    return (
        f"The result was searched for {counted(search['strings_searched'], 'string')} of this source, in "
        f"{counted(search['patterns_searched'], 'disguise')}: {f'{found:,}' if found else 'none'} found in "
        f"{counted(search['bytes_searched'], 'byte')}."
    )


def _reopening(proof: Mapping[str, Any], kind: str) -> str:
    tiles, frames = proof.get("tiles"), proof.get("frames")
    accounted = (proof.get("files") or proof.get("boxes") or {}).get("accounted_bytes")
    if accounted is not None and tiles is not None:
        compared = f"{counted(tiles['tiles'], 'tile')} of full size compared with the source"
    elif accounted is not None and frames is not None:
        count = counted(frames["frames_compared"], "frame")
        compared = f"{count} decoded and compared with what was encoded"
    else:
        return "No second opening of the result is on record."
    return (
        f"The result was opened again by {_READERS[kind]}; {compared}; each of the "
        f"{_number(accounted)} bytes of {_FILES[kind]} belongs to a structure that is permitted."
    )


def _masks(proof: Mapping[str, Any], pictures: Pictures | None) -> str | None:
    parts = []
    frames, masked_tiles = proof.get("frames", {}), proof.get("tiles", {}).get("masked", 0)
    if masked_tiles:
        parts.append(
            f"{counted(masked_tiles, 'masked tile')} of the result proved to be white, as is what the levels "
            "above show of them."
        )
    if frames.get("frames_masked"):
        parts.append(
            f"{counted(frames['frames_masked'], 'frame')} of the result looked at under their masks: "
            f"the worst differs from black by {float(frames['worst_mask_residue']):.2f} grey levels."
        )
    if pictures is not None and pictures.detector is not None and pictures.residual is not None:
        looked = "The detector looked again, at the result"
        if pictures.recognised:
            looked = (
                "The result was surveyed again, frame by frame; a window whose pictures are, but for the "
                "noise of the encoding, those that the detector had looked at was recognised "
                f"({counted(pictures.recognised, 'window')}, those of the planning among them), every other "
                "one came before the detector"
            )
        parts.append(f"{looked}: text in {counted(pictures.residual, 'place')}.")
    return " ".join(parts) or None


def counted(count: int, noun: str) -> str:
    """ "1 place", "1,200 places"."""
    return f"{int(count):,} {noun}{'' if count == 1 else 's'}"


def _number(value: int) -> str:
    return f"{int(value):,}"
