"""Reading ahead gives what reading gives, with fewer calls."""

from hypothesis import given
from hypothesis import strategies as st

from tests.tiling.conversions import BytesSource
from tiling.read_ahead import ReadAhead

DATA = bytes(number * 7 % 251 for number in range(3 << 20))


class Counting(BytesSource):
    calls = 0

    def read_at(self, offset: int, length: int) -> bytes:
        self.calls += 1
        return super().read_at(offset, length)


def test_what_follows_is_read_in_a_few_calls() -> None:
    counting = Counting(DATA)
    ahead = ReadAhead(counting)
    read = [ahead.read_at(at, 1_000) for at in range(0, 2_000_000, 1_001)]
    assert read == [DATA[at : at + 1_000] for at in range(0, 2_000_000, 1_001)]
    assert counting.calls < 6


def test_what_is_asked_here_and_there_is_read_exactly() -> None:
    counting = Counting(DATA)
    ahead = ReadAhead(counting)
    for at in (5, 90_000, 30, 2_000_000, 500_000):
        assert ahead.read_at(at, 9) == DATA[at : at + 9]
    assert counting.calls == 5


@given(
    st.lists(st.tuples(st.integers(0, len(DATA) + 50), st.integers(0, 2 << 20), st.booleans()), max_size=20)
)
def test_any_reads_give_what_is_there(reads: list[tuple[int, int, bool]]) -> None:
    ahead, end = ReadAhead(BytesSource(DATA)), 0
    for offset, length, follows in reads:
        start = end if follows else offset
        assert ahead.read_at(start, length) == DATA[start : start + length]
        end = start + length
