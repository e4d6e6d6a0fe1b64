"""WKB to JSON without shapes in between: the same as with them, bit for bit."""

import json
import struct

import msgspec
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from annotations.geometry import to_geojson, to_wkb
from server.annotating.encoding import geometry_of, joined

number = st.floats(allow_nan=False, allow_infinity=False)
position = st.tuples(number, number)
line = st.lists(position, min_size=2, max_size=8)
ring = st.lists(position, min_size=3, max_size=8).map(lambda ring: [*ring, ring[0]])
polygon = st.lists(ring, min_size=1, max_size=3).map(lambda rings: shapely.Polygon(rings[0], rings[1:]))
geometry = st.one_of(
    position.map(shapely.Point),
    st.lists(position, min_size=1, max_size=8).map(shapely.MultiPoint),
    line.map(shapely.LineString),
    st.lists(line, min_size=1, max_size=4).map(shapely.MultiLineString),
    polygon,
    st.lists(polygon, min_size=1, max_size=3).map(shapely.MultiPolygon),
)


def bits(value: object) -> object:
    """Coordinates with each number as its eight bytes: 0.0 and -0.0 differ."""
    return [bits(part) for part in value] if isinstance(value, list) else struct.pack("<d", value)


@given(geometry)
def test_it_is_what_the_wing_writes_to_the_last_bit(shape):
    through_json = json.loads(msgspec.json.encode(geometry_of(to_wkb(shape))))
    expected = to_geojson(shape)
    assert through_json["type"] == expected["type"]
    assert bits(through_json["coordinates"]) == bits(expected["coordinates"])


@pytest.mark.parametrize("chunk_bytes", [1, 7, 1000])
@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_chunks_are_one_text(count, chunk_bytes):
    items = [b'{"n":%d}' % number for number in range(count)]
    chunks = joined(b"[", items, b"]", chunk_bytes=chunk_bytes)
    assert b"".join(chunks) == b"[" + b",".join(items) + b"]"
    assert all(chunks)
