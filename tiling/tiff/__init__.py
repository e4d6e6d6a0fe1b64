"""TIFF and BigTIFF as a container: directories read strictly, one pyramid written."""
