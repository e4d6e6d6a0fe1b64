"""Any part of a canonical slide at any size: decode the few tiles that it takes, put them together, scale."""

from tiling.render.encoding import Picture, encode
from tiling.render.errors import RenderCancelled
from tiling.render.rendering import render
from tiling.render.view import View

__all__ = ["Picture", "RenderCancelled", "View", "encode", "render"]
