"""The eighteen rows as a page shows them: what all rows in which text can stand share stands there once."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

PICTORIAL = "PQ"
_COLUMNS = ("looked_for", "found", "done")
_HEADS = ("Identifier", "Looked for", "Found", "Done", "Proof", "Limits")

Row = Mapping[str, Any]


def harbor_table(rows: Sequence[Row]) -> str:
    """The table, and below it the proofs and limits that its numbers stand for."""
    proofs, limits = _Notes("proof"), _Notes("limit")
    shared = {column: _shared(rows, column) for column in _COLUMNS}
    lines = [_common(shared)] + [_row(row, shared, proofs, limits) for row in rows]
    heads = "".join(f'<th scope="col">{head}</th>' for head in _HEADS)
    return (
        '<table class="harbor">\n<caption>Places are named, never what stood in them. The numbers are those '
        "of the proofs and limits below.</caption>\n"
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n" + "\n".join(lines) + "\n</tbody></table>\n"
        f"<h3>Proofs</h3>\n{proofs.listed()}\n<h3>Limits: what this does not show</h3>\n{limits.listed()}"
    )


def bullets(items: Iterable[str]) -> str:
    """Sentences as a list; a dash where there are none."""
    listed = "".join(f"<li>{escape(item)}</li>" for item in items)
    return f"<ul>{listed}</ul>" if listed else "–"


def _shared(rows: Sequence[Row], column: str) -> list[str]:
    """What is said of every item that text can be, after what each row says of its own places first."""
    first, *others = (row[column][1:] for row in rows if row["letter"] not in PICTORIAL)
    return [sentence for sentence in first if all(sentence in other for other in others)]


def _common(shared: Mapping[str, Sequence[str]]) -> str:
    cells = "".join(f"<td>{bullets(shared[column])}</td>" for column in _COLUMNS)
    head = f"Each of A to R but {' and '.join(PICTORIAL)}, beside what its own row says"
    return f'<tr class="common"><th scope="row">{head}</th>{cells}<td>–</td><td>–</td></tr>'


def _row(row: Row, shared: Mapping[str, Sequence[str]], proofs: "_Notes", limits: "_Notes") -> str:
    told = {} if row["letter"] in PICTORIAL else shared
    cells = "".join(
        f"<td>{bullets(sentence for sentence in row[column] if sentence not in told.get(column, ()))}</td>"
        for column in _COLUMNS
    )
    return (
        f'<tr><th scope="row"><span class="letter">{escape(row["letter"])}</span> '
        f"{escape(row['identifier'])}</th>{cells}"
        f"<td>{proofs.references(row['proof'])}</td><td>{limits.references(row['not_shown'])}</td></tr>"
    )


class _Notes:
    """Sentences by number, in the order of their first mention."""

    def __init__(self, word: str) -> None:
        self._word = word
        self._sentences: list[str] = []

    def references(self, sentences: Iterable[str]) -> str:
        return ", ".join(self._reference(sentence) for sentence in sentences) or "–"

    def _reference(self, sentence: str) -> str:
        if sentence not in self._sentences:
            self._sentences.append(sentence)
        number = self._sentences.index(sentence) + 1
        return f'<a href="#{self._word}-{number}" title="{self._word} {number}">{number}</a>'

    def listed(self) -> str:
        items = (
            f'<li id="{self._word}-{number}">{escape(sentence)}</li>'
            for number, sentence in enumerate(self._sentences, 1)
        )
        return "<ol>" + "".join(items) + "</ol>"
