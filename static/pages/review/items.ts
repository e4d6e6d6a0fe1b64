/** Findings and own boxes as one list, in the order in which they are looked through. Pure. */
import type { Finding, FindingReason, Review, ReviewBox, Space } from '../../api/review';
import { sameBox } from './boxes';
import { fateOf, type Draft, type Fate, type OwnBox } from './draft';
import { REASON_ORDER } from './words';

interface Base {
  readonly id: string;
  /** Stands in the list and beside the box. */
  readonly number: number;
  readonly space: Space;
  readonly fate: Fate;
}

export interface FindingItem extends Base {
  readonly kind: 'finding';
  readonly box: Finding;
}

export interface OwnItem extends Base {
  readonly kind: 'own';
  readonly box: OwnBox;
}

export type Item = FindingItem | OwnItem;

export function itemsOf(review: Pick<Review, 'findings' | 'added' | 'removed'>, draft: Draft): Item[] {
  const isOwnOfBefore = (finding: Finding): boolean => finding.reason === 'reviewer' && review.added.some((box) => samePlace(box, finding));
  const findings = review.findings.map((finding, index) => ({ finding, index })).filter(({ finding }) => !isOwnOfBefore(finding));
  const rank = (reason: FindingReason): number => REASON_ORDER.indexOf(reason);
  findings.sort((a, b) => rank(a.finding.reason) - rank(b.finding.reason) || a.index - b.index);
  const found = findings.map(({ finding, index }, place): FindingItem => ({
    kind: 'finding',
    id: `finding ${index}`,
    number: place + 1,
    space: finding.space,
    fate: fateOf(finding, draft, review),
    box: finding,
  }));
  const own = draft.added.map((box, place): OwnItem => ({
    kind: 'own',
    id: `own ${box.key}`,
    number: found.length + place + 1,
    space: 'asset',
    fate: review.added.some((one) => sameBox(one, box)) ? 'masked' : 'will-mask',
    box,
  }));
  return [...found, ...own];
}

/** The scrub may have grown a box to whole macroblocks or tiles. */
const samePlace = (asked: ReviewBox, found: ReviewBox): boolean => found.x0 <= asked.x0 && found.y0 <= asked.y0 && found.x1 >= asked.x1 && found.y1 >= asked.y1;
