"""What went wrong while a container was decoded, as sentences."""

from dataclasses import dataclass


@dataclass(slots=True)
class Tally:
    """Counts of one pass over the frames.

    coded: pictures that were to be shown. presented_s: the time of the last one that was. is_cut_short: bytes
    are missing at the file's end. is_broken_off: they are there, but the demuxer cannot go on.
    is_complete: the pass has ended.
    """

    coded: int = 0
    presented: int = 0
    damaged: int = 0
    first_damaged: int = 0
    undecodable: int = 0
    first_undecodable: int = 0
    presented_s: float = 0.0
    is_cut_short: bool = False
    is_broken_off: bool = False
    is_complete: bool = False
    resized_at: int | None = None
    interlaced: int = 0
    guessed_times: int = 0
    fallen_times: int = 0

    @property
    def ends_early(self) -> bool:
        return self.is_cut_short or self.is_broken_off

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
        if self.ends_early:
            found.append(self._end(promised_frames, promised_duration_s))
        if self.resized_at is not None:
            found.append(
                f"From frame {self.resized_at:,} on the frames have another size or colour layout; "
                "they are left out."
            )
        if self.undecodable:
            pieces = "1 piece" if self.undecodable == 1 else f"{self.undecodable:,} pieces"
            found.append(
                f"{pieces} of the stream could not be decoded; what is missing begins "
                f"near frame {self.first_undecodable:,}."
            )
        if self.damaged:
            found.append(
                f"{self.damaged:,} of {self.presented:,} frames are damaged and shown as far as they "
                f"could be decoded; the first is frame {self.first_damaged:,}."
            )
        return tuple(found)

    def _end(self, promised_frames: int | None, promised_duration_s: float | None) -> str:
        what = "cut short" if self.is_cut_short else "damaged and its end cannot be read"
        if promised_frames is not None and promised_frames > self.presented:
            return f"The file is {what}: {self.presented:,} of {promised_frames:,} frames are there."
        if promised_duration_s is not None and promised_duration_s > self.presented_s:
            return (
                f"The file is {what}: it has {_frames(self.presented)}, up to {self.presented_s:,.1f} of the "
                f"{promised_duration_s:,.1f} s that it speaks of."
            )
        return f"The file is {what}: it has {_frames(self.presented)}."

    def remarks(self) -> tuple[str, ...]:
        found = []
        is_quiet = self.is_complete and not (self.losses(None, None) or self.interlaced)
        if self.coded > self.presented and is_quiet:
            # Such as first pictures that are predicted from what lies before the file's beginning.
            found.append(
                f"The file holds {self.coded:,} coded pictures, of which {self.presented:,} are shown."
            )
        if self.interlaced:
            found.append(
                f"{self.interlaced:,} of {self.presented:,} frames are interlaced; "
                "both fields stay woven into one frame."
            )
        if self.guessed_times:
            found.append(
                f"The file gives no time for {_frames(self.guessed_times)}; the pace of the others is kept."
            )
        if self.fallen_times:
            found.append(
                f"The times of {_frames(self.fallen_times)} fall; the time of the frame before is taken."
            )
        return tuple(found)


def _frames(count: int) -> str:
    return "1 frame" if count == 1 else f"{count:,} frames"
