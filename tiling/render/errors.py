"""What can end a rendering, beyond a damaged slide."""

from tiling.errors import TilingError


class RenderCancelled(TilingError):  # noqa: N818 - not a fault: the caller asked for it
    """The caller's `cancelled()` said so."""
