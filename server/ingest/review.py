"""What the person who looks at a scrub decides: release it, reject it, have it done again otherwise."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy.engine import Connection

from ground.finding import Box
from server import audit, catalog, jobs
from server.access import Permission, may_still
from server.accounts import Doer
from server.catalog import Asset, Problem, State
from server.deid.policy import UnknownProfileError
from server.deid.profile import Originals
from server.errors import ForbiddenError, InvalidInputError, LossesNotConfirmedError, WrongStateError
from server.ingest.published import check_published
from server.ingest.reception import CONVERT, Arrival, Reception

REASONS = {
    "identity-visible": "It was rejected, because the patient could still be told from it.",
    "wrong-file": "It was rejected, because it is not the file that was meant.",
    "poor-quality": "It was rejected, because its quality does not serve.",
    "other": "It was rejected by the person who reviewed it.",
}
"""Why somebody rejects an asset. No free text: that would be a place where a name is written down."""
MOST_BOXES = 1000
FARTHEST_PX = 1 << 24
FARTHEST_FRAME = 1 << 31
SCRUBBED_AGAIN = frozenset({State.AWAITING_RELEASE, State.REFUSED, State.QUARANTINED})
NEVER_SCRUBBED = (
    "This was converted by a version that did not look for text in pictures; scrub it again first."
)
NO_RESULT: Mapping[str, None] = {"report": None, "canonical_sha256": None, "canonical_bytes": None}
"""The columns of an asset whose last scrub counts no more."""
FILES_UNKNOWN = (
    "This was converted by a version that noted the digest of its largest file alone; scrub it again first."
)
SCRUBBED_SINCE = "It was scrubbed again since you looked at it; look at it as it is now before you sign."


class Review(Reception):
    """The decisions of the review. Nothing else releases an asset. Thread-safe."""

    def release(
        self, asset_id: str, by: Doer, *, confirm_losses: bool = False, seen_sha256: str | None = None
    ) -> Asset:
        """Sign for an asset's release. The last signature that its profile asks for lets annotators see it;
        then its original is destroyed, unless the settings or the profile keep originals.

        A signature is for the digest over all published files, and what lies on the disk is read once more
        before it is given. ``seen_sha256``: the digest of what the signer looked at, if known: nothing else
        is signed for; without it the audit log says that it was not named. Earlier signatures of people who
        may not release any more are void. Raises :class:`NotFoundError`, :class:`WrongStateError`,
        :class:`ForbiddenError`, :class:`AlreadySignedError`, or :class:`LossesNotConfirmedError` where the
        conversion could not have all of the source and nobody has said that this is known.
        """

        found = signed_digest(self.asset(asset_id))
        if seen_sha256 not in (None, found):
            raise WrongStateError(SCRUBBED_SINCE)
        # Not in the transaction: gigabytes take seconds, and nobody else could write meanwhile.
        check_published(self.assets_dir / asset_id, found)

        def work(connection: Connection) -> tuple[Asset, bool]:
            before = catalog.get_asset(connection, asset_id, intake=True)
            signed = signed_digest(before)
            if signed != found:
                raise WrongStateError(SCRUBBED_SINCE)
            losses = list((before.report or {}).get("losses", ()))
            if losses and not confirm_losses:
                raise LossesNotConfirmedError(" ".join(losses))
            voided = _void_lapsed(connection, asset_id, signed, by)
            signatures = catalog.sign(
                connection, self.ambient, asset_id, signed, account_id=by.account_id, name=by.name
            )
            detail: audit.Detail = {
                "canonical_sha256": signed,
                "was_named": seen_sha256 is not None,
                "profile": before.profile,
                "signatures": len(signatures),
                "signatures_void": voided,
            }
            needed = self.signatures_needed(before)
            if len(signatures) < needed:
                self.record(connection, by, "asset.signed", asset_id, {**detail, "needed": needed})
                return before, False
            keep = self.keeps_original(before)
            values = {
                "released_by": by.account_id or by.name,
                "released_at": self.ambient.stamp(),
                "quarantine_key": before.quarantine_key if keep else None,
            }
            catalog.set_state(connection, self.ambient, asset_id, State.RELEASED, values)
            more = {"original": "kept" if keep else "destroyed", "losses": len(losses)}
            self.record(connection, by, "asset.released", asset_id, {**detail, **more})
            return before, not keep

        before, is_destroyed = self.database.write_now(work)
        self._changed(asset_id)
        if is_destroyed and before.quarantine_key is not None:
            self.quarantine.destroy(before.quarantine_key)
        return self.asset(asset_id)

    def signatures_needed(self, asset: Asset) -> int:
        """How many people must sign: by the policy that it was scrubbed under or by today's, whichever asks
        for more."""
        scrubbed_under = _policy_of(asset)
        try:
            today = self.policy.profile(asset.profile).signatures
        except UnknownProfileError:
            today = 1
        return max(today, int(scrubbed_under.get("signatures", 1)))

    def keeps_original(self, asset: Asset) -> bool:
        """Whether the sealed original stays when this is released: where the settings, the policy that it was
        scrubbed under or today's say so. What was destroyed cannot be kept any more."""
        try:
            today = self.policy.profile(asset.profile).originals
        except UnknownProfileError:
            today = Originals.DESTROY
        scrubbed_under = _policy_of(asset).get("originals")
        return self.settings.keep_originals or Originals.KEEP in (today, scrubbed_under)

    def reject(self, asset_id: str, reason: str, by: Doer) -> Asset:
        """Refuse what the machine had proved: the canonical file goes, the original stays in quarantine.

        Raises :class:`NotFoundError`, :class:`WrongStateError`, :class:`InvalidInputError` for a reason that
        is none of ``REASONS``.
        """
        if reason not in REASONS:
            raise InvalidInputError(f"The reason must be one of {', '.join(REASONS)}.")

        def work(connection: Connection) -> None:
            before = catalog.get_asset(connection, asset_id, intake=True)
            if before.state is not State.AWAITING_RELEASE:
                raise WrongStateError(
                    f"The asset is “{before.state}”; only one that awaits release can be rejected."
                )
            problem = Problem("rejected", REASONS[reason], self.reference())
            catalog.set_state(connection, self.ambient, asset_id, State.REFUSED, problem=problem)
            catalog.void_signatures(connection, asset_id)
            detail: audit.Detail = {
                "reason": reason,
                "canonical_sha256": before.canonical_sha256,
                "profile": before.profile,
            }
            self.record(connection, by, "asset.rejected", asset_id, detail)

        self.database.write_now(work)
        self._remove_canonical(asset_id)
        return self.asset(asset_id)

    def scrub_again(
        self,
        asset_id: str,
        by: Doer,
        *,
        profile: str | None = None,
        add: Sequence[Box] = (),
        remove: Sequence[Box] = (),
        owner_id: str | None = None,
    ) -> Arrival:
        """Convert an asset anew from its original, with these boxes in place of any earlier ones.

        ``profile``: by which it is scrubbed, the one it had unless said. ``add``: masked in any case,
        ``remove``: findings there are not masked. Signatures that were given are void.

        Raises :class:`NotFoundError`, :class:`InvalidInputError`, :class:`WrongStateError` once it is
        released, discarded, or while it is being worked on.
        """
        if profile is not None:
            self.policy.profile(profile)
        review = {"added": _stored(add), "removed": _stored(remove)}

        def work(connection: Connection) -> Arrival:
            before = catalog.get_asset(connection, asset_id, intake=True)
            if before.state not in SCRUBBED_AGAIN or before.quarantine_key is None:
                raise WrongStateError(f"The asset is “{before.state}”; it cannot be scrubbed again.")
            _check_inside(before, (*add, *remove))
            job = jobs.enqueue(connection, self.ambient, kind=CONVERT, asset_id=asset_id, owner_id=owner_id)
            values: dict[str, Any] = {
                "profile": profile or before.profile,
                "review": review,
                **NO_RESULT,
                **catalog.problem_columns(None),
            }
            if before.state is State.QUARANTINED:
                catalog.update_asset(connection, self.ambient, asset_id, values)
            else:
                catalog.set_state(connection, self.ambient, asset_id, State.QUARANTINED, values)
            voided = catalog.void_signatures(connection, asset_id)
            detail: audit.Detail = {
                "canonical_sha256": before.canonical_sha256,
                "profile": values["profile"],
                "added": len(add),
                "removed": len(remove),
                "signatures_void": voided,
            }
            self.record(connection, by, "asset.scrub_again", asset_id, detail)
            return Arrival(asset_id, job)

        arrival = self.database.write_now(work)
        self._remove_canonical(asset_id)
        return arrival

    def _remove_canonical(self, asset_id: str) -> None:
        """Should the process die before: the next start removes the folder by the asset's state, too."""
        self._changed(asset_id)
        self.database.write_now(lambda c: self.sweep_folder(c, asset_id))


def signed_digest(asset: Asset) -> str:
    """The digest that a signature is for. Raises WrongStateError where there is nothing to sign."""
    if asset.state is not State.AWAITING_RELEASE or asset.canonical_sha256 is None:
        raise WrongStateError(f"The asset is “{asset.state}”; only one that awaits release can be released.")
    if not _policy_of(asset):
        raise WrongStateError(NEVER_SCRUBBED)
    if not (asset.report or {}).get("files"):
        raise WrongStateError(FILES_UNKNOWN)
    return asset.canonical_sha256


def _void_lapsed(connection: Connection, asset_id: str, signed: str, by: Doer) -> int:
    """Take away the signatures of those who have lost the right to sign. How many.

    Raises :class:`ForbiddenError` where ``by`` is one of them: what was remembered of him is a moment old.
    """
    signers = [signature.account_id for signature in catalog.signatures_of(connection, asset_id, signed)]
    lapsed = {
        account_id
        for account_id in (*signers, by.account_id)
        if account_id is not None and not may_still(connection, account_id, Permission.ASSET_RELEASE)
    }
    if by.account_id in lapsed:
        raise ForbiddenError("Your role does not include the release of assets any more.")
    return catalog.void_signatures(connection, asset_id, lapsed)


def _policy_of(asset: Asset) -> dict[str, Any]:
    """What the policy said when the asset was scrubbed; empty if it never was."""
    return dict((asset.report or {}).get("policy", {}))


def _check_inside(asset: Asset, boxes: Sequence[Box]) -> None:
    """Raises InvalidInputError for a box that reaches beyond the picture, or beyond the last frame."""
    if asset.width_px is None or asset.height_px is None:
        return  # It was never converted; what lies beyond is cut off when it is.
    last_frame = (asset.frame_count or 1) - 1
    for box in boxes:
        first, last = box.first_frame or 0, box.last_frame or 0
        if box.x1 > asset.width_px or box.y1 > asset.height_px or max(first, last) > last_frame:
            raise InvalidInputError("A box reaches beyond the picture or beyond the last frame.")


def _stored(boxes: Sequence[Box]) -> list[dict[str, int | None]]:
    """Boxes as they are kept. Raises InvalidInputError for one that is none."""
    if len(boxes) > MOST_BOXES:
        raise InvalidInputError(f"At most {MOST_BOXES} boxes can be given.")
    for box in boxes:
        is_rectangle = 0 <= box.x0 < box.x1 <= FARTHEST_PX and 0 <= box.y0 < box.y1 <= FARTHEST_PX
        first, last = box.first_frame or 0, FARTHEST_FRAME if box.last_frame is None else box.last_frame
        if not (is_rectangle and 0 <= first <= last <= FARTHEST_FRAME):
            raise InvalidInputError(
                "A box needs x0 < x1 and y0 < y1, none of them negative, and frames in order."
            )
    return [asdict(box) for box in boxes]
