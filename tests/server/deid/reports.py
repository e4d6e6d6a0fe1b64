"""Reports of conversions as the wings make them, in small, and assets that have one."""

from typing import Any

from server.catalog import Asset, AssetKind, Signature, State
from server.deid.policy import load_policy

SEARCH = {"strings_searched": 27, "patterns_searched": 198, "bytes_searched": 1_820_571, "places_found": 0}
SIGNED = (Signature("u1", "anna", "2026-11-21T12:00:00.000000Z"),)


def place(name: str, byte_count: int = 10, action: str = "dropped") -> dict[str, Any]:
    return {"place": name, "action": action, "byte_count": byte_count}


def finding(reason: str, *, is_masked: bool = True, space: str = "asset") -> dict[str, Any]:
    corners = {"x0": 1, "y0": 2, "x1": 30, "y1": 40, "first_frame": None, "last_frame": None}
    return {"reason": reason, **corners, "is_masked": is_masked, "score": 0.931, "space": space}


def policy_of(profile: str = "standard") -> dict[str, Any]:
    """What the server puts on record of the policy that a file was scrubbed under."""
    policy = load_policy(None)
    chosen = policy.profile(profile)
    return {
        "name": policy.name,
        "version": policy.version,
        "digest": policy.digest,
        "profile": chosen.name,
        "signatures": chosen.signatures,
        "originals": str(chosen.originals),
    }


def loop_report(**changed: Any) -> dict[str, Any]:
    """An ultrasound loop's from DICOM."""
    report: dict[str, Any] = {
        "width_px": 640,
        "height_px": 480,
        "frame_count": 30,
        "source_format": "dicom (rle)",
        "remarks": [],
        "losses": [],
        "places": [
            place("preamble", 128),
            place("PatientName", 18),
            place("PatientID", 16),
            place("PatientBirthDate", 16),
            place("InstitutionName", 20),
            place("ReferringPhysicianTelephoneNumbers", 20),
            place("DeviceSerialNumber", 14),
            place("SOPInstanceUID", 60),
            place("SeriesDescription", 30),
            place("private (200d,110d) > private (200d,1001)", 100),
            place("PixelData", 960_012, "rebuilt"),
        ],
        "proof": {
            "boxes": {"boxes": 25, "accounted_bytes": 64_307, "free_bytes": 3_369},
            "frames": {"frames_compared": 30, "frames_masked": 30, "worst_mask_residue": 0.412},
            "search": SEARCH,
        },
        "psnr_db": {"min": 45.29, "mean": 46.0},
        "canonical_bytes": 111_534,
        "canonical_sha256": "06" * 32,
        "policy": policy_of(),
        "scrub": {
            "material": "ultrasound",
            "detector": "pp-ocrv6-small",
            "findings": [finding("outside_sector"), finding("text"), finding("text", is_masked=False)],
            "kept": [[[1, 2], [30, 4], [5, 60]]],
            "pictures": [],
            "residual_text": 0,
        },
    }
    return report | changed


def slide_report(**changed: Any) -> dict[str, Any]:
    """A slide's from Aperio."""
    report: dict[str, Any] = {
        "width_px": 2_220,
        "height_px": 2_967,
        "source_format": "aperio-svs",
        "remarks": ["Focal plane 1 of 3 is shown."],
        "places": [
            place("directory 0 (level 0), ImageDescription", 500),
            place("directory 0 (level 0), image tiles", 1_000_000, "kept"),
            place("directory 0 (level 0), DateTime", 20),
            place("directory 2 (label), image strips", 374_381),
            place("directory 3 (macro), image strips", 87_258),
            place("bytes that nothing refers to", 11),
        ],
        "proof": {
            "files": {"levels": 5, "accounted_bytes": 1_672_688, "alignment_bytes": 5},
            "tiles": {"tiles": 130, "identical": 130, "cut": 0, "encoded": 0},
            "search": SEARCH,
        },
        "canonical_bytes": 1_820_571,
        "canonical_sha256": "01" * 32,
        "has_macro": True,
        "policy": policy_of(),
        "scrub": {
            "material": "slide",
            "detector": "pp-ocrv6-small",
            "findings": [finding("label", space="macro"), finding("text", is_masked=False)],
            "kept": None,
            "pictures": [],
        },
    }
    return report | changed


def asset_of(report: dict[str, Any] | None, **changed: Any) -> Asset:
    """A released asset with that report."""
    facts = report or {}
    values: dict[str, Any] = {
        "asset_id": "0123456789abcdef",
        "case_id": "c1",
        "case_name": "Jane Doe's case",
        "kind": AssetKind.VIDEO if "frame_count" in facts else AssetKind.SLIDE,
        "state": State.RELEASED,
        "source_suffix": ".dcm",
        "source_bytes": 1_000_000,
        "created_by": "system",
        "created_at": "2026-11-21T11:00:00.000000Z",
        "updated_at": "2026-11-21T11:00:00.000000Z",
        "released_by": "u1",
        "released_at": "2026-11-21T12:00:00.000000Z",
        "width_px": facts.get("width_px"),
        "height_px": facts.get("height_px"),
        "mpp": 0.25,
        "objective_power": None,
        "frame_count": facts.get("frame_count"),
        "duration_s": None,
        "canonical_bytes": facts.get("canonical_bytes"),
        "canonical_sha256": facts.get("canonical_sha256"),
        "report": report,
        "problem": None,
        "quarantine_key": None,
        "annotation_revision": 0,
        "annotation_count": 0,
        "profile": "standard",
        "subject": "P-ABCD-1234",
        "acquired_on": "2020-01-02",
        "review": None,
        "signature_count": 1,
    }
    return Asset(**(values | changed))
