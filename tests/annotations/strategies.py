"""Random annotations, states and changes for property tests."""

import math
import uuid
from dataclasses import replace

import numpy as np
import shapely
from hypothesis import strategies as st

from annotations.history import ChangeSet
from annotations.model import Annotation, Keyframe, Segment, Track, TrackShape
from annotations.ontology import LabelClass, Ontology

ONTOLOGY = Ontology(
    3,
    (
        LabelClass("c1", "Tumor", "#c80000", "1", position=0),
        LabelClass("c2", "Tumor: Positive", "#fa3f3f", position=1),
        LabelClass("c3", "Gewebe µ", "#00b4ff", "2", position=2, is_archived=True),
    ),
)

ids = st.integers(min_value=0, max_value=2**128 - 1).map(lambda number: str(uuid.UUID(int=number)))
coordinates = st.floats(min_value=-(2.0**24), max_value=2.0**24, allow_nan=False)
positions = st.tuples(coordinates, coordinates)
lines = st.lists(positions, min_size=2, max_size=8).filter(lambda line: len(set(line)) > 1)


@st.composite
def polygons(draw: st.DrawFn) -> shapely.Polygon:
    """A star around a centre, perhaps with a smaller one cut out of it."""
    x, y = draw(st.tuples(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5)))
    count = draw(st.integers(3, 12))
    radii = draw(st.lists(st.floats(1.0, 5000.0), min_size=count, max_size=count))

    def star(scale: float) -> list[tuple[float, float]]:
        return [
            (
                x + scale * radius * math.cos(math.tau * index / count),
                y + scale * radius * math.sin(math.tau * index / count),
            )
            for index, radius in enumerate(radii)
        ]

    holes = [star(0.3)] if draw(st.booleans()) else []
    return shapely.Polygon(star(1.0), holes)


@st.composite
def multi_polygons(draw: st.DrawFn) -> shapely.MultiPolygon:
    parts = draw(st.lists(polygons(), min_size=1, max_size=3))
    apart = [
        shapely.transform(part, lambda vertices, at=index: vertices + np.array([at * 1e6, 0]))
        for index, part in enumerate(parts)
    ]
    return shapely.MultiPolygon(apart)


geometries = st.one_of(
    positions.map(shapely.Point),
    st.lists(positions, min_size=1, max_size=6).map(shapely.MultiPoint),
    lines.map(shapely.LineString),
    st.lists(lines, min_size=1, max_size=3).map(shapely.MultiLineString),
    polygons(),
    multi_polygons(),
).filter(lambda geometry: geometry.is_valid)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
finite = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
json_values = st.recursive(
    st.none() | st.booleans() | finite | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
extras = st.dictionaries(texts, json_values, max_size=3)
layers = st.just("default") | st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=12)


frames = st.integers(0, 2**31 - 1)


@st.composite
def boxes(draw: st.DrawFn) -> shapely.Polygon:
    """A box, turned by any angle."""
    x, y = draw(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)))
    width, height = draw(st.tuples(st.floats(1.0, 1e4), st.floats(1.0, 1e4)))
    angle = draw(st.sampled_from([0.0, math.pi / 2, math.pi])) + draw(st.floats(-1.0, 1.0))
    cos, sin = math.cos(angle), math.sin(angle)
    corners = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)]
    return shapely.Polygon([(x + a * cos - b * sin, y + a * sin + b * cos) for a, b in corners])


@st.composite
def tracks(draw: st.DrawFn) -> Track:
    shape = draw(st.sampled_from(TrackShape))
    count = draw(st.integers(1, 4))
    shapes = {
        TrackShape.BOX: boxes(),
        TrackShape.POINT: st.lists(positions, min_size=count, max_size=count).map(shapely.MultiPoint),
        TrackShape.POLYLINE: lines.map(shapely.LineString),
        TrackShape.POLYGON: (polygons() | multi_polygons()).filter(lambda outline: outline.is_valid),
    }[shape]
    numbers = sorted(draw(st.sets(frames, min_size=1, max_size=4)))
    keyframes = tuple(
        Keyframe(number, draw(shapes), draw(st.booleans()), draw(st.booleans()), draw(extras))
        for number in numbers
    )
    last = numbers[-1]
    return Track(shape, keyframes, draw(st.none() | st.integers(last + 1, max(last + 1, 2**31 - 1))))


@st.composite
def segments(draw: st.DrawFn) -> Segment:
    start, end = sorted((draw(frames), draw(frames)))
    return Segment(start, draw(st.sampled_from([None, end])), draw(layers))


def annotations(extra: st.SearchStrategy = extras) -> st.SearchStrategy[Annotation]:
    return st.builds(
        Annotation,
        annotation_id=ids,
        geometry=geometries,
        class_id=st.sampled_from([None, "c1", "c2", "c3"]),
        layer=layers,
        name=texts,
        is_locked=st.booleans(),
        extra=extra,
    )


labels = annotations() | st.builds(
    Annotation,
    annotation_id=ids,
    geometry=st.none(),
    class_id=st.sampled_from([None, "c1"]),
    layer=layers,
    name=texts,
    is_locked=st.booleans(),
    over_time=tracks() | segments(),
)
"""Labels of every kind: still ones, tracks and segments."""

states = st.lists(labels, max_size=5, unique_by=lambda a: a.annotation_id).map(
    lambda found: {annotation.annotation_id: annotation for annotation in found}
)


@st.composite
def changes(draw: st.DrawFn, state: dict[str, Annotation]) -> ChangeSet:
    """A change that fits `state`."""
    updated, deleted = [], []
    for annotation_id in state:
        match draw(st.sampled_from(["keep", "update", "delete"])):
            case "update":
                updated.append(replace(draw(labels), annotation_id=annotation_id))
            case "delete":
                deleted.append(annotation_id)
    created = draw(st.lists(labels, max_size=3, unique_by=lambda a: a.annotation_id))
    return ChangeSet(
        change_id=draw(ids),
        created=tuple(annotation for annotation in created if annotation.annotation_id not in state),
        updated=tuple(updated),
        deleted=tuple(deleted),
    )
