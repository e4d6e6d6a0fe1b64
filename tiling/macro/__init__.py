"""The picture of the whole glass: kept as far as it plainly shows no label, else dropped."""

from tiling.macro.keeping import Dropped, KeptMacro, keep_macro

__all__ = ["Dropped", "KeptMacro", "keep_macro"]
