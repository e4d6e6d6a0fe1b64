"""H.264 as it lies in an MP4 file: units behind their lengths, parameter sets apart (ISO/IEC 14496-15)."""

from collections.abc import Iterator, Sequence

from video.errors import CanonicalVideoError

SLICE, IDR_SLICE, SEI, SPS, PPS, ACCESS_UNIT_DELIMITER = 1, 5, 6, 7, 8, 9
LENGTH_BYTES = 4
# Profiles whose avcC says more: High and its relatives (5.3.3.1.2).
_HIGH_PROFILES = (100, 110, 122, 244)


def units(sample: bytes) -> Iterator[bytes]:
    """The NAL units of a sample, each without its length. Raises CanonicalVideoError."""
    start = 0
    while start < len(sample):
        end = start + LENGTH_BYTES + int.from_bytes(sample[start : start + LENGTH_BYTES])
        if end > len(sample) or end == start + LENGTH_BYTES:
            raise CanonicalVideoError("a coded frame is cut off")
        yield sample[start + LENGTH_BYTES : end]
        start = end


def unit_type(unit: bytes) -> int:
    return unit[0] & 0x1F


def join(parts: Sequence[bytes]) -> bytes:
    """NAL units behind their lengths."""
    return b"".join(piece for unit in parts for piece in (len(unit).to_bytes(LENGTH_BYTES), unit))


def split_samples(data: bytes) -> list[bytes]:
    """Contiguous samples, each from its access unit delimiter on. Raises CanonicalVideoError."""
    starts, position = [], 0
    while position < len(data):
        length = int.from_bytes(data[position : position + LENGTH_BYTES])
        end = position + LENGTH_BYTES + length
        if end > len(data) or not length:
            raise CanonicalVideoError("a coded frame is cut off")
        if data[position + LENGTH_BYTES] & 0x1F == ACCESS_UNIT_DELIMITER:
            starts.append(position)
        position = end
    if not starts or starts[0]:
        raise CanonicalVideoError("coded frames do not begin where they should")
    return [data[start:end] for start, end in zip(starts, [*starts[1:], len(data)], strict=True)]


def parameter_sets(avcc: bytes) -> tuple[bytes, bytes]:
    """The one SPS and the one PPS of an avcC. Raises CanonicalVideoError unless it is of that form."""
    try:
        sps_end = 8 + int.from_bytes(avcc[6:8])
        pps_end = sps_end + 3 + int.from_bytes(avcc[sps_end + 1 : sps_end + 3])
        sps, pps = avcc[8:sps_end], avcc[sps_end + 3 : pps_end]
        is_ours = (avcc[0], avcc[4] & 3, avcc[5] & 0x1F, avcc[sps_end]) == (1, LENGTH_BYTES - 1, 1, 1)
        if is_ours and pps_end <= len(avcc) and unit_type(sps) == SPS and unit_type(pps) == PPS:
            return sps, pps
    except IndexError:
        pass
    raise CanonicalVideoError("the decoder configuration is damaged")


def decoder_configuration(sps: bytes, pps: bytes, chroma_format: int) -> bytes:
    """avcC (ISO/IEC 14496-15, 5.3.3.1). chroma_format: 1 = 4:2:0, 3 = 4:4:4; eight bits a sample."""
    avcc = bytes((1, *sps[1:4], 0xFC | LENGTH_BYTES - 1, 0xE0 | 1)) + len(sps).to_bytes(2) + sps
    avcc += bytes((1,)) + len(pps).to_bytes(2) + pps
    if sps[1] in _HIGH_PROFILES:
        avcc += bytes((0xFC | chroma_format, 0xF8, 0xF8, 0))
    return avcc


def codec_string(avcc: bytes) -> str:
    """As browsers want it (RFC 6381, 3.3): "avc1." with profile, constraints and level in hexadecimal."""
    return f"avc1.{avcc[1:4].hex()}"
