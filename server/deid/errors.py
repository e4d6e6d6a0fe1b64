"""What can go wrong with a sealed original."""

from server.errors import StorageError


class QuarantineError(StorageError):
    """Base: the quarantine cannot give or take this file."""


class SealBrokenError(QuarantineError):
    """A sealed file was changed, cut short, put together from others, or belongs to another key."""


class SealedMissingError(QuarantineError):
    """There is no sealed file of that name."""


class CaseErasedError(QuarantineError):
    """The key of the file's case was destroyed: nobody can open it any more."""


class SourceChangedError(QuarantineError):
    """What was being sealed did not have the length that was announced."""
