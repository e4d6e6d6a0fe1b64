"""What an Aperio ImageDescription says, read by allowlist.

The text is "Aperio Image Library v… \\r\\n<geometry>|key = value|key = value…". Keys and values are free
text of the scanner's operator: names, accession numbers and barcodes stand beside the technical values. Two
numbers are read; everything else only lives on as a string that must not be found in the result.
"""

import re
from dataclasses import dataclass

_PREFIX = b"Aperio"
# As OpenSlide reads it: with a decimal comma, a sign or an exponent too. float() alone would also take "nan",
# "inf" and "1_0".
_DECIMAL = re.compile(rb"\+?(\d{1,6}([.,]\d{0,12})?|[.,]\d{1,12})(e[+-]?\d{1,2})?", re.IGNORECASE)
_MPP_UM_RANGE = (0.01, 100.0)
_POWER_RANGE = (0.1, 400.0)


@dataclass(frozen=True, slots=True)
class AperioDescription:
    """mpp_um: µm per level-0 pixel on both axes. objective_power: magnification of the objective, AppMag."""

    mpp_um: float | None
    objective_power: float | None


def is_aperio(description: bytes) -> bool:
    return description.startswith(_PREFIX)


def parse(description: bytes) -> AperioDescription:
    """Read the allowlisted values. A value that is absent, contradictory or absurd becomes None."""
    return AperioDescription(
        _number(description, b"mpp", _MPP_UM_RANGE), _number(description, b"appmag", _POWER_RANGE)
    )


def _number(description: bytes, key: bytes, allowed: tuple[float, float]) -> float | None:
    found = set()
    for field in description.rstrip(b"\0").split(b"|")[1:]:
        name, separator, value = field.partition(b"=")
        if separator and name.strip().lower() == key:
            text = value.strip()
            found.add(float(text.replace(b",", b".")) if _DECIMAL.fullmatch(text) else None)
    if len(found) != 1:
        return None
    number = found.pop()
    return number if number is not None and allowed[0] <= number <= allowed[1] else None
