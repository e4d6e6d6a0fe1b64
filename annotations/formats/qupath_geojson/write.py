"""From annotations to a file that QuPath reads without a complaint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from shapely.geometry.base import BaseGeometry

from annotations.formats.adapter import Serialized
from annotations.formats.losses import Loss, LossCounter
from annotations.formats.qupath_geojson.classes import UNCLASSIFIED, write_color
from annotations.formats.qupath_geojson.extra import write_extra
from annotations.geometry import to_geojson
from annotations.model import Annotation
from annotations.ontology import Ontology


def write(annotations: Sequence[Annotation], ontology: Ontology) -> Serialized:
    """See `QuPathGeoJson.serialize`."""
    losses = LossCounter()
    # Text by text: as Python objects, the coordinates of a large slide take ten times the room.
    features = b",".join(
        msgspec.json.encode(_feature(annotation, annotation.geometry, ontology, losses))
        for annotation in annotations
        if annotation.geometry is not None
    )
    if over_time := sum(annotation.geometry is None for annotation in annotations):
        losses.add(Loss.OVER_TIME, over_time)
    return Serialized(b'{"type":"FeatureCollection","features":[' + features + b"]}", losses.sentences())


def _feature(
    annotation: Annotation, geometry: BaseGeometry, ontology: Ontology, losses: LossCounter
) -> dict[str, Any]:
    properties: dict[str, Any] = {"objectType": "annotation"}
    if annotation.name:
        properties["name"] = annotation.name
    classification = _classification(annotation.class_id, ontology, losses)
    if classification is not None:
        properties["classification"] = classification
    if annotation.is_locked:
        properties["isLocked"] = True
    feature: dict[str, Any] = {
        "type": "Feature",
        "id": annotation.annotation_id,
        "geometry": to_geojson(geometry),
        "properties": properties,
    }
    write_extra(annotation, geometry, feature, losses)
    return feature


def _classification(class_id: str | None, ontology: Ontology, losses: LossCounter) -> dict[str, Any] | None:
    """Always with a colour: QuPath throws at an object without one."""
    if class_id is None:
        return None
    label_class = ontology.get(class_id)
    if label_class is None or label_class.name == UNCLASSIFIED:
        losses.add(Loss.UNKNOWN_CLASS)
        return None
    return {"name": label_class.name, "color": write_color(label_class.color)}
