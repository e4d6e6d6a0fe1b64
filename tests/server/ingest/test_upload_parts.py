"""How a long upload is divided."""

from hypothesis import given
from hypothesis import strategies as st

from server.deid import CHUNK_BYTES
from server.ingest import upload_parts


@given(length=st.integers(1, 1 << 42), wanted=st.integers(1, 1000))
def test_the_parts_are_the_file_each_beginning_with_a_chunk(length: int, wanted: int) -> None:
    spans = upload_parts.plan(length, wanted)
    assert 1 <= len(spans) <= min(wanted, upload_parts.MOST_PARTS)
    assert spans[0].start_bytes == 0
    for before, after in zip(spans, [*spans[1:], None], strict=True):
        end = before.start_bytes + before.length_bytes
        assert before.length_bytes > 0
        assert end == (after.start_bytes if after else length)
        assert before.start_bytes % CHUNK_BYTES == 0
