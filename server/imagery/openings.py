"""Who opened which slide a moment ago."""

from collections import OrderedDict

OPENED_AGAIN_S = 60.0
OPENED_LIMIT = 10_000


class RecentOpenings:
    """Openings of the last minute, so that a viewer that reloads is one audit event, not ten."""

    def __init__(self) -> None:
        self._at_s: OrderedDict[tuple[str, str], float] = OrderedDict()

    def is_new(self, who: str, asset_id: str, now_s: float) -> bool:
        """Whether this opening is to be recorded; it then counts as recorded."""
        key = (who, asset_id)
        if now_s - self._at_s.get(key, -OPENED_AGAIN_S) < OPENED_AGAIN_S:
            return False
        self._at_s[key] = now_s
        self._at_s.move_to_end(key)
        while len(self._at_s) > OPENED_LIMIT:
            self._at_s.popitem(last=False)
        return True
