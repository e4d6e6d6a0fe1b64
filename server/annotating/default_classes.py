"""The classes that a new server begins with; an admin makes them his own.

The colours keep away from what haematoxylin and eosin look like (violet, pink) and from one another; a test
holds them to that. The keys are the digits, which no tool of the viewer has.
"""

from annotations.ontology import LabelClass
from server.ambient import Ambient

_DEFAULTS = (
    ("Tumour", "#ffe119", "Invasive tumour, outlined at its border with the stroma."),
    ("Stroma", "#00c853", "Connective tissue in and around the tumour."),
    ("Necrosis", "#1a1a1a", "Dead tissue: ghost outlines, debris."),
    ("Lymphocytes", "#00b8ff", "Lymphocytic infiltrate."),
    ("Normal tissue", "#b2ff59", "Tissue of the organ without tumour."),
    ("Mitosis", "#ff6d00", "A mitotic figure; a point is enough."),
    ("Vessel", "#0b3dff", "Blood or lymph vessel."),
    ("Artefact", "#006064", "Fold, pen, bubble, out of focus: not to be analysed."),
    ("Region of interest", "#00ffd0", "A region to look at; says nothing about what is in it."),
)


def default_classes(ambient: Ambient) -> tuple[LabelClass, ...]:
    """The classes, with fresh ids and the keys 1 to 9."""
    return tuple(
        LabelClass(ambient.new_id(), name, color, str(position + 1), description, position)
        for position, (name, color, description) in enumerate(_DEFAULTS)
    )
