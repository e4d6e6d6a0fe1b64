"""Labels on released assets: change them, read them, bring them in and out, and the classes they can have."""

from server.annotating.ontology_book import ClassDraft
from server.annotating.service import Annotating, Receipt, Text

__all__ = ["Annotating", "ClassDraft", "Receipt", "Text"]
