"""What the wings stand on: bytes at an offset, and the search for what must not be there."""
