"""The picture of the whole glass: kept as far as it plainly shows no label, else dropped."""

from tiling.macro.keeping import CutMacro, Dropped, KeptMacro, cut_macro

__all__ = ["CutMacro", "Dropped", "KeptMacro", "cut_macro"]
