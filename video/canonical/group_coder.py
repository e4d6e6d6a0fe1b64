"""Groups of frames to samples, each as coarse as the promised fidelity permits.

Every frame is decoded again and measured. Where one is too far from its source its group is encoded anew,
finer; neighbours look alike, so the next group begins with what was right for the last.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from video.canonical.decoder import SampleDecoder, frame_planes
from video.canonical.encoder import COARSEST, FINEST, SampleEncoder, coded_sampling
from video.canonical.fidelity import picture_digest, psnr_db
from video.canonical.planes import frame_bytes
from video.errors import VerificationError
from video.model import PictureFormat, Plane

PROMISED_DB = 45.0
_FIRST_QUANTISER = 20
_DB_PER_STEP = 0.8  # seldom more, so that a correction seldom overshoots
_SLACK_DB = 0.7  # beyond it the next group is tried one step coarser
_GROUPS_UNTIL_RETRY = 50  # after a step that was one too coarse
_MOST_ENCODERS = 2  # one of 1080p takes 20 MB
_LARGE_FRAME_BYTES = 8 * 2**20  # of such only one


@dataclass(frozen=True, slots=True)
class CodedFrame:
    """digest: of all coded planes, as decoded. psnr_db: of the worst plane or of RGB."""

    sample: bytes
    digest: bytes
    psnr_db: float


class GroupCoder:
    """Codes groups of frames of one video. One thread at a time; what it chooses depends on them alone."""

    def __init__(self, picture: PictureFormat, gop: int) -> None:
        self._picture = picture
        self._gop = gop
        self._encoders: OrderedDict[int, SampleEncoder] = OrderedDict()
        self._most_encoders = 1 if frame_bytes(picture) > _LARGE_FRAME_BYTES else _MOST_ENCODERS
        self._quantiser = _FIRST_QUANTISER
        self._coarsest = COARSEST
        self._patience = 0
        self._decoder = SampleDecoder(picture, self._encoder(_FIRST_QUANTISER).avcc, threads=1)

    def encode(self, group: Sequence[tuple[Plane, ...]], parity: int) -> list[CodedFrame]:
        """One group: a key frame and what refers to it. parity: 0 and 1 in turns over all groups.

        Raises VerificationError where the promise cannot be kept.
        """
        failures = 0
        while True:
            coded = self._encode(group, parity)
            worst_db = min(frame.psnr_db for frame in coded)
            if worst_db >= PROMISED_DB:
                self._relax(worst_db, has_failed=failures > 0)
                return coded
            if self._quantiser == FINEST:
                raise VerificationError("a frame cannot be encoded as finely as is promised")
            failures += 1
            # A frame that corrections of the expected size do not mend is nothing to go on trying with.
            step = max(1, ceil((PROMISED_DB - worst_db) / _DB_PER_STEP)) * failures
            self._quantiser = max(FINEST, self._quantiser - step)

    def _relax(self, worst_db: float, *, has_failed: bool) -> None:
        if has_failed:
            self._coarsest, self._patience = self._quantiser, _GROUPS_UNTIL_RETRY
        elif self._patience:
            self._patience -= 1
            if not self._patience:
                self._coarsest = COARSEST
        slack_steps = int((worst_db - PROMISED_DB) / _SLACK_DB)
        self._quantiser = max(min(self._quantiser + slack_steps, self._coarsest), FINEST)

    def _encode(self, group: Sequence[tuple[Plane, ...]], parity: int) -> list[CodedFrame]:
        coded = []
        samples = self._encoder(self._quantiser).encode_group(group, parity)
        for planes, sample in zip(group, samples, strict=True):
            decoded = frame_planes(self._decoder.decode(sample), coded_sampling(self._picture))
            fidelity_db = psnr_db(decoded[: len(planes)], planes, self._picture)
            coded.append(CodedFrame(sample, picture_digest(decoded), fidelity_db))
        return coded

    def _encoder(self, quantiser: int) -> SampleEncoder:
        encoder = self._encoders.pop(quantiser, None)
        if encoder is None:
            if len(self._encoders) == self._most_encoders:
                self._encoders.popitem(last=False)
            encoder = SampleEncoder(self._picture, self._gop, quantiser)
        self._encoders[quantiser] = encoder
        return encoder
