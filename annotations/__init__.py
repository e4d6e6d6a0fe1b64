"""Labels on clinical images: geometry, ontology, history and the formats of other tools."""
