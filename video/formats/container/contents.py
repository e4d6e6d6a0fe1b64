"""Everything that a container holds: named by our words, and its texts for the search in the result."""

from av.container import InputContainer
from av.stream import AttachmentStream, Disposition, Stream
from av.video.stream import VideoStream

from ground.source import ByteSource
from video.formats.container.layout import Structure
from video.formats.container.reader import Findings
from video.formats.container.streams import is_readable
from video.limits import Limits
from video.model import Action

_MOST_INDEX_ENTRIES = 200_000
_MOST_WORDED_SAMPLES = 5_000
_LONGEST_SAMPLE = 64 * 1024
# What FFmpeg reports as tags of every file: registered words and numbers, nobody's.
_TECHNICAL_KEYS = frozenset(
    {
        "major_brand",
        "minor_version",
        "compatible_brands",
        "language",
        "vendor_id",
        "rotate",
        "variant_bitrate",
    }
)
_USUAL_VALUES = frozenset({"VideoHandler", "SoundHandler", "SubtitleHandler", "DataHandler"})


def contents_of(
    handle: InputContainer, chosen: VideoStream, source: ByteSource, structure: Structure, limits: Limits
) -> Structure:
    """Of all streams, tags and chapters, and of what the walk over the structure found.

    Raises VideoTooLargeError where that is more than can be looked for.
    """
    findings = Findings(limits)
    for stream in handle.streams:
        _stream(findings, stream, is_chosen=stream.index == chosen.index)
        if stream.type in {"subtitle", "data"}:
            _words(findings, stream, source)
        _tags(findings, "tag of a stream", stream.metadata)
    _tags(findings, "tag of the file", handle.metadata)
    for chapter in handle.chapters():
        _tags(findings, "chapter", chapter["metadata"])
    return findings.result().with_more(structure)


def _stream(findings: Findings, stream: Stream, *, is_chosen: bool) -> None:
    if isinstance(stream, AttachmentStream):
        findings.add("attached file", len(stream.data))
        findings.words_in(stream.data[: 8 * 2**20])
    elif is_chosen:
        findings.add("video stream", _byte_count(stream), Action.REBUILT)
    elif stream.disposition & Disposition.attached_pic:
        findings.add("cover picture", _byte_count(stream))
    else:
        findings.add(_NAMES.get(stream.type, "stream of an unknown kind"), _byte_count(stream))


_NAMES = {
    "video": "further video stream",
    "audio": "sound stream",
    "subtitle": "subtitle stream",
    "data": "data stream",
}


def _words(findings: Findings, stream: Stream, source: ByteSource) -> None:
    """Subtitles and time codes, where the container's index says where they lie."""
    for entry in stream.index_entries[:_MOST_WORDED_SAMPLES]:
        if entry.pos >= 0 and 0 < entry.size <= _LONGEST_SAMPLE:
            findings.words_in(source.read_at(entry.pos, entry.size))


def _byte_count(stream: Stream) -> int:
    """By the container's index; of a long one by the mean rate; 0 where neither is known."""
    entries = stream.index_entries
    if len(entries) <= _MOST_INDEX_ENTRIES:
        return sum(entry.size for entry in entries)
    rate = stream.codec_context.bit_rate if is_readable(stream) else None
    return int((rate or 0) * (stream.duration or 0) * (stream.time_base or 0) / 8)


def _tags(findings: Findings, name: str, tags: dict[str, str]) -> None:
    for key, value in tags.items():
        raw = value.encode("latin-1", "replace")
        findings.add(name, len(raw))
        if key not in _TECHNICAL_KEYS and value not in _USUAL_VALUES:
            findings.text(raw)
