"""What can go wrong in the server, in words.

Each kind is one class whose ``kind`` is the stable last part of the problem document's ``type``; which HTTP
status it becomes is known to ``server.api.problems`` alone. Messages are one clear sentence and never
carry a value from a patient's file: not its name, not a tag, not a path.
"""

from typing import ClassVar


class ServerError(Exception):
    """Base of everything the server raises on purpose."""

    kind: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong on the server"


class NotFoundError(ServerError):
    """The thing does not exist, or does not exist for this caller."""

    kind = "not-found"
    title = "Not found"


class ForbiddenError(ServerError):
    """The caller is known and may not do this."""

    kind = "forbidden"
    title = "Not permitted"


class UnauthenticatedError(ServerError):
    """Nobody is signed in, or the session has ended."""

    kind = "unauthenticated"
    title = "Please sign in"


class TooManyAttemptsError(ServerError):
    """Signing in is slowed down after several wrong passwords."""

    kind = "too-many-attempts"
    title = "Too many attempts"

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class InvalidInputError(ServerError):
    """The request is understood and its content cannot be accepted."""

    kind = "invalid-input"
    title = "The input cannot be accepted"


class BadImageRequestError(ServerError):
    """An image request that breaks the IIIF Image API's syntax or this server's limits."""

    kind = "bad-image-request"
    title = "The image request cannot be answered"


class ConflictError(ServerError):
    """The thing is there already, under that name."""

    kind = "conflict"
    title = "That is there already"


class WrongStateError(ServerError):
    """The asset or job is in a state that does not allow this step."""

    kind = "wrong-state"
    title = "Not possible in this state"


class LossesNotConfirmedError(ServerError):
    """Not all of the source could be had; whoever releases the asset must say that they know."""

    kind = "losses-not-confirmed"
    title = "A part of the source is missing"


class AlreadySignedError(ServerError):
    """This person has signed for the asset's release; the next signature must be somebody else's."""

    kind = "already-signed"
    title = "You have signed this already"


class StaleRevisionError(ServerError):
    """Somebody else's change came first."""

    kind = "stale-revision"
    title = "Somebody else's change came first"

    def __init__(self, message: str, *, current_revision: int) -> None:
        super().__init__(message)
        self.current_revision = current_revision


class PreconditionRequiredError(ServerError):
    """A change must say which revision it was made on."""

    kind = "precondition-required"
    title = "The revision is missing"


class TooLargeError(ServerError):
    """More bytes than the settings allow."""

    kind = "too-large"
    title = "Too large"


class UnsupportedMediaError(ServerError):
    """The body is of a kind that this route does not take."""

    kind = "unsupported-media"
    title = "This kind of content is not taken here"


class OutOfSpaceError(ServerError):
    """The disk is full; nothing of the request was kept."""

    kind = "out-of-space"
    title = "The server's disk is full"


class StorageError(ServerError):
    """The database or the data folder cannot be used."""

    kind = "storage"
    title = "The data folder cannot be used"


class OverloadedError(ServerError):
    """More is asked for at this moment than can be made; later it will work."""

    kind = "overloaded"
    title = "Too much is asked for at the moment"

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ConfigError(ServerError):
    """A setting is unknown or has a value that cannot be used."""

    kind = "config"
    title = "The settings cannot be used"


def place_of(error: BaseException) -> str:
    """The module and line that raised it, for logs: its text and its traceback may hold what a file held."""
    trace, place = error.__traceback__, "unknown"
    while trace is not None:
        place = f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
