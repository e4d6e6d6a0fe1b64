"""Clips and loops: read what a source presents, write it canonically, find frame n again at once."""
