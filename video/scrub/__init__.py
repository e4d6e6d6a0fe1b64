"""From a source's frames to a clean video: write the new file from allowed things alone, prove it."""
