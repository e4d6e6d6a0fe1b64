"""GeoJSON as QuPath writes and reads it (0.2 to 0.6).

Learned from QuPath's type adapters and from files it wrote. What it writes: features with a UUID,
`objectType`, `classification`, `measurements`, `metadata`; what it cannot read: a classification object
without a colour, a geometry that does not describe itself, a plane with other members than c, z and t.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence

from annotations.formats.adapter import Parsed, Serialized, random_annotation_id, random_class_id
from annotations.formats.qupath_geojson.read import read
from annotations.formats.qupath_geojson.write import write
from annotations.model import Annotation
from annotations.ontology import Ontology

__all__ = ["QuPathGeoJson"]


class QuPathGeoJson:
    """The adapter; see `FormatAdapter`."""

    name = "qupath-geojson"
    media_type = "application/geo+json"
    file_suffix = ".geojson"

    def parse(
        self,
        data: bytes,
        ontology: Ontology,
        *,
        taken_ids: Container[str] = (),
        new_annotation_id: Callable[[], str] = random_annotation_id,
        new_class_id: Callable[[], str] = random_class_id,
    ) -> Parsed:
        """The annotations of a FeatureCollection, an array of features, one feature or one bare geometry.

        Raises
        ------
        FormatError : it is none of them, or a coordinate is not a number that could lie on an image.
        """
        return read(data, ontology, taken_ids, new_annotation_id, new_class_id)

    def serialize(self, annotations: Sequence[Annotation], ontology: Ontology) -> Serialized:
        """A FeatureCollection; coordinates to the last digit."""
        return write(annotations, ontology)
