"""XML out of TIFF tags, read without entities and within bounds."""

import xml.parsers.expat
from collections.abc import Iterator
from dataclasses import dataclass, field

_MAX_ELEMENTS = 200_000
_MAX_DEPTH = 64


class XmlError(ValueError):
    """Not XML, or XML of a kind that nobody needs to describe an image."""


@dataclass(slots=True)
class Element:
    """name: without its namespace. text: what stands directly in it."""

    name: str
    attributes: dict[str, str]
    children: list["Element"] = field(default_factory=list)
    text: str = ""

    def all(self, name: str) -> Iterator["Element"]:
        """The children of that name."""
        return (child for child in self.children if child.name == name)

    def first(self, name: str) -> "Element | None":
        return next(self.all(name), None)

    def text_of(self, name: str) -> str:
        child = self.first(name)
        return "" if child is None else child.text.strip()


def parse_xml(data: bytes) -> Element:
    """The root element. Raises XmlError; a document type, and with it every entity, is refused."""
    parser = xml.parsers.expat.ParserCreate()
    builder = _Builder()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    parser.StartDoctypeDeclHandler = builder.doctype
    try:
        parser.Parse(data.rstrip(b"\0 \r\n\t"), True)
    except (xml.parsers.expat.ExpatError, ValueError) as error:
        raise XmlError("a description is not XML") from error
    if builder.root is None:
        raise XmlError("a description is empty")
    return builder.root


class _Builder:
    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > _MAX_ELEMENTS or len(self._open) == _MAX_DEPTH:
            raise XmlError("a description has more elements than is supported")
        plain = {key.rpartition(":")[2]: value for key, value in attributes.items()}
        element = Element(name.rpartition(":")[2], plain)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def end(self, _name: str) -> None:
        self._open.pop()

    def characters(self, text: str) -> None:
        if self._open:
            self._open[-1].text += text

    def doctype(self, *_declaration: object) -> None:
        raise XmlError("a description declares a document type")
