"""Clips and loops. Holds its error base and its name; the sources arrive with the video work."""
