"""What went wrong while a container was decoded, as sentences."""

from dataclasses import dataclass


@dataclass(slots=True)
class Tally:
    """Counts of one pass over the frames."""

    presented: int = 0
    damaged: int = 0
    first_damaged: int = 0
    undecodable: int = 0
    first_undecodable: int = 0
    is_cut_short: bool = False
    resized_at: int | None = None
    interlaced: int = 0
    guessed_times: int = 0
    fallen_times: int = 0

    def damage(self, number: int) -> None:
        if not self.damaged:
            self.first_damaged = number
        self.damaged += 1

    def fail(self) -> None:
        if not self.undecodable:
            self.first_undecodable = self.presented
        self.undecodable += 1

    def losses(self, promised_frames: int | None, promised_duration_s: float | None) -> tuple[str, ...]:
        """Frame numbers as everywhere: from 0."""
        found = []
        if self.is_cut_short:
            found.append(self._cut(promised_frames, promised_duration_s))
        if self.resized_at is not None:
            found.append(
                f"From frame {self.resized_at:,} on the frames have another size or colour layout; "
                "they are left out."
            )
        if self.undecodable:
            found.append(
                f"{self.undecodable:,} pieces of the stream could not be decoded and are missing; "
                f"the first belongs near frame {self.first_undecodable:,}."
            )
        if self.damaged:
            found.append(
                f"{self.damaged:,} of {self.presented:,} frames are damaged and shown as far as they "
                f"could be decoded; the first is frame {self.first_damaged:,}."
            )
        return tuple(found)

    def _cut(self, promised_frames: int | None, promised_duration_s: float | None) -> str:
        if promised_frames is not None and promised_frames > self.presented:
            return f"The file is cut short: {self.presented:,} of {promised_frames:,} frames are there."
        if promised_duration_s is not None:
            return (
                f"The file is cut short: {self.presented:,} frames are there, "
                f"of {promised_duration_s:,.1f} s that it speaks of."
            )
        return f"The file is cut short: {self.presented:,} frames are there."

    def remarks(self) -> tuple[str, ...]:
        found = []
        if self.interlaced:
            found.append(
                f"{self.interlaced:,} of {self.presented:,} frames are interlaced; "
                "both fields stay woven into one frame."
            )
        if self.guessed_times:
            found.append(
                f"{self.guessed_times:,} frames have no time of their own; they follow at the mean rate."
            )
        if self.fallen_times:
            found.append(
                f"{self.fallen_times:,} frames are stamped earlier than the one before; "
                "they are given its time."
            )
        return tuple(found)
