"""Pictures of the source for whoever decides whether a clip may be released."""

from collections.abc import Sequence

from ground.finding import Finding, Reason, ReviewPicture
from video.overlay.survey_model import Survey, Window

MOST_PICTURES = 12


def review_pictures(survey: Survey, found: Sequence[Finding]) -> tuple[ReviewPicture, ...]:
    """Darkest, brightest and median values over time of the longest window; the first, the middle and the
    last frame; then of each finding a frame that shows it, as far as there is room."""
    longest = max(survey.windows, key=lambda window: window.last_frame - window.first_frame)
    pictures = [
        ReviewPicture("minimum", longest.minimum),
        ReviewPicture("maximum", longest.maximum),
        ReviewPicture("median", longest.median),
    ]
    samples = {number: rgb for window in survey.windows for number, rgb in window.samples}
    middle = survey.frame_count // 2
    wanted = [min(samples), min(samples, key=lambda number: abs(number - middle)), max(samples)]
    for finding in sorted(found, key=lambda one: one.reason is not Reason.OUT_OF_BODY):
        wanted += _shown_in(finding, survey.windows)
    numbers = list(dict.fromkeys(wanted))[: MOST_PICTURES - len(pictures)]
    pictures += [ReviewPicture(f"frame-{number}", samples[number], number) for number in sorted(numbers)]
    return tuple(pictures)


def _shown_in(finding: Finding, windows: Sequence[Window]) -> list[int]:
    """The middle sample of those that lie in the finding's frames; none where it is in all of them."""
    box = finding.box
    if box.first_frame is None and box.last_frame is None:
        return []
    first, last = box.first_frame or 0, windows[-1].last_frame if box.last_frame is None else box.last_frame
    inside = [number for window in windows for number, _ in window.samples if first <= number <= last]
    return inside[len(inside) // 2 : len(inside) // 2 + 1]
