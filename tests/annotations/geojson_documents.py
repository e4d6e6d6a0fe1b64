"""Documents of QuPath's kind, and short ways to read and write them."""

import json

from annotations.formats import Parsed
from annotations.formats.qupath_geojson import QuPathGeoJson
from annotations.model import Annotation
from annotations.ontology import Ontology
from tests.annotations.strategies import ONTOLOGY

ADAPTER = QuPathGeoJson()
ID = "0b5e6c1a-9a6e-4b0a-8f5c-3d2e1f0a9b8c"
SQUARE = [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]
POLYGON = {"type": "Polygon", "coordinates": [SQUARE]}


def parse(document: object, ontology: Ontology = ONTOLOGY, **options: object) -> Parsed:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return ADAPTER.parse(data, ontology, **options)


def feature(geometry: object = POLYGON, /, **properties: object) -> dict:
    return {"type": "Feature", "id": ID, "geometry": geometry, "properties": properties}


def one(document: object) -> Annotation:
    parsed = parse(document)
    assert parsed.losses == ()
    (annotation,) = parsed.annotations
    return annotation


def exported(*found: Annotation, ontology: Ontology = ONTOLOGY) -> list[dict]:
    return json.loads(ADAPTER.serialize(found, ontology).data)["features"]
