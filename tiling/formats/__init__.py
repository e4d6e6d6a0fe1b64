"""One folder a vendor; a vendor's quirks stay inside its folder."""
