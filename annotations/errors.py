"""What can be wrong with labels: one base, one kind for each thing that happened.

The text of an error is one sentence for the person who caused it. It never repeats a name, a text or any
other value of a label or a file: those may belong to a patient, and errors end up in logs.
"""

import re


class AnnotationError(Exception):
    """The base of every error of this wing."""


class InvalidGeometryError(AnnotationError, ValueError):
    """A shape that cannot be stored.

    Attributes
    ----------
    where : the place of the fault as (x, y) in the image's pixels, or None where it has no place.
    """

    def __init__(self, message: str, where: tuple[float, float] | None = None) -> None:
        super().__init__(message)
        self.where = where


class InvalidTimeError(AnnotationError, ValueError):
    """A track or a segment whose frames contradict themselves, or that the asset has no frames for."""


class InvalidOntologyError(AnnotationError, ValueError):
    """A list of classes that contradicts itself: a name or a key given twice, a colour that is none."""


class InvalidChangeError(AnnotationError, ValueError):
    """A ChangeSet that contradicts itself or the state it is applied to."""


class DuplicateAnnotationError(InvalidChangeError):
    """A ChangeSet creates an annotation whose id exists already.

    Attributes
    ----------
    annotation_id : the id, a UUID.
    """

    def __init__(self, annotation_id: str) -> None:
        super().__init__(f"The change creates annotation {annotation_id}, which exists already.")
        self.annotation_id = annotation_id


class UnknownAnnotationError(InvalidChangeError, LookupError):
    """A ChangeSet updates or deletes an annotation that does not exist.

    Attributes
    ----------
    annotation_id : the id, a UUID.
    """

    def __init__(self, annotation_id: str) -> None:
        super().__init__(f"Annotation {annotation_id} does not exist.")
        self.annotation_id = annotation_id


class LockedAnnotationError(InvalidChangeError):
    """A ChangeSet moves or deletes an annotation that is locked, without unlocking it.

    Attributes
    ----------
    annotation_id : the id, a UUID.
    """

    def __init__(self, annotation_id: str) -> None:
        super().__init__(f"Annotation {annotation_id} is locked: unlock it before moving or deleting it.")
        self.annotation_id = annotation_id


class UnknownClassError(InvalidChangeError, LookupError):
    """A ChangeSet uses a class that the ontology does not offer.

    Attributes
    ----------
    class_id : the id of the class.
    """

    def __init__(self, class_id: str) -> None:
        super().__init__("The change uses a class that does not exist or is archived.")
        self.class_id = class_id


class ChangeIdReusedError(InvalidChangeError):
    """A change id that was committed before comes again with other contents.

    Answering it with the earlier commit would call labels saved that are not.

    Attributes
    ----------
    change_id : the id, a UUID.
    """

    def __init__(self, change_id: str) -> None:
        super().__init__(f"Change {change_id} was committed before with other contents.")
        self.change_id = change_id


class StaleRevisionError(AnnotationError):
    """A ChangeSet was made against a revision that is not the newest.

    Attributes
    ----------
    head : the newest revision.
    """

    def __init__(self, head: int) -> None:
        super().__init__(f"The annotations have changed since: the newest revision is {head}.")
        self.head = head


class WireError(AnnotationError, ValueError):
    """JSON from a client that does not have the agreed shape, or exceeds a limit."""


class FormatError(AnnotationError, ValueError):
    """A file of another tool that cannot be read, or a format that is not known."""


# Of all its messages, msgspec repeats what was sent in these two alone.
_REPEATED = re.compile(r"(enum value|unknown field) .*?(?= - at `\$[^`]*`\Z|\Z)", re.DOTALL)


def without_values(message: str) -> str:
    """A validation message with its place (``$.classes[2].color``) and without what the sender wrote there.

    Somebody may have put a patient's name into a field's name or value; a message is shown and kept.
    """
    return _REPEATED.sub(r"\1", message)
