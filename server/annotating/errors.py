"""What the annotations wing refuses, as the server's errors: the same sentences, with a stable kind."""

from collections.abc import Iterator
from contextlib import contextmanager

from annotations import errors as wing
from server.errors import ConflictError, InvalidInputError, StaleRevisionError, WrongStateError


class InvalidGeometryError(InvalidInputError):
    """A shape cannot be stored."""

    kind = "invalid-geometry"
    title = "The shape cannot be stored"


class InvalidChangeError(InvalidInputError):
    """A ChangeSet is not well formed, or contradicts itself or the annotations there are."""

    kind = "invalid-change"
    title = "The change cannot be made"


class InvalidClassError(InvalidInputError):
    """A class does not exist, or is archived and newly given."""

    kind = "invalid-class"
    title = "The class cannot be used"


class InvalidOntologyError(InvalidInputError):
    """The list of classes contradicts itself."""

    kind = "invalid-ontology"
    title = "The classes cannot be saved"


class InvalidFileError(InvalidInputError):
    """A file with annotations cannot be read, or its format is not known."""

    kind = "invalid-file"
    title = "The file cannot be read"


class LockedError(WrongStateError):
    """An annotation is locked."""

    kind = "locked"
    title = "The annotation is locked"


@contextmanager
def translated() -> Iterator[None]:
    """Inside, the wing's errors become the server's."""
    try:
        yield
    except wing.StaleRevisionError as error:
        raise StaleRevisionError(str(error), current_revision=error.head) from error
    except (wing.DuplicateAnnotationError, wing.ChangeIdReusedError) as error:
        raise ConflictError(str(error)) from error
    except wing.LockedAnnotationError as error:
        raise LockedError(str(error)) from error
    except wing.UnknownClassError as error:
        raise InvalidClassError(str(error)) from error
    except wing.InvalidGeometryError as error:
        raise InvalidGeometryError(str(error)) from error
    except wing.InvalidOntologyError as error:
        raise InvalidOntologyError(str(error)) from error
    except wing.FormatError as error:
        raise InvalidFileError(str(error)) from error
    except wing.AnnotationError as error:
        raise InvalidChangeError(str(error)) from error
