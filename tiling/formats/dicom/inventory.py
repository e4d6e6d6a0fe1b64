"""thin"""

from collections.abc import Sequence

from tiling.formats.dicom.instances import Instance
from tiling.limits import Limits
from tiling.model import Place
from tiling.source import ByteSource


def list_places(
    sources: Sequence[ByteSource], instances: Sequence[Instance], base: Sequence[Instance]
) -> list[Place]:
    return []


def list_texts(sources: Sequence[ByteSource], limits: Limits) -> list[bytes]:
    return []
