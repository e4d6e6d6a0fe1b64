/** What a reviewer wants changed about a scrub before it is sent: boxes to blank, findings to leave, and the way back. Pure. */
import type { Finding, Review, ReviewBox, ScrubRequest } from '../../api/review';
import { plainBox, sameBox, sameBoxes, shareWithin } from './boxes';

export interface OwnBox extends ReviewBox {
  readonly key: number;
}

export interface Draft {
  /** To be blanked. */
  readonly added: readonly OwnBox[];
  /** Findings that are to stay visible. */
  readonly removed: readonly ReviewBox[];
}

export const draftOf = (review: Pick<Review, 'added' | 'removed'>): Draft => ({
  added: review.added.map((box, index) => ({ ...plainBox(box), key: index + 1 })),
  removed: review.removed.map(plainBox),
});

export const isUnsent = (draft: Draft, review: Pick<Review, 'added' | 'removed'>): boolean =>
  !sameBoxes(draft.added, review.added) || !sameBoxes(draft.removed, review.removed);

export const requestOf = (draft: Draft, profile: string | null): ScrubRequest => ({
  profile,
  add: draft.added.map(plainBox),
  remove: draft.removed.map(plainBox),
});

export function withBox(draft: Draft, box: ReviewBox): { draft: Draft; key: number } {
  const key = Math.max(0, ...draft.added.map((own) => own.key)) + 1;
  return { draft: { ...draft, added: [...draft.added, { ...plainBox(box), key }] }, key };
}

export const withoutBox = (draft: Draft, key: number): Draft => ({ ...draft, added: draft.added.filter((own) => own.key !== key) });

export const withChangedBox = (draft: Draft, box: OwnBox): Draft => ({
  ...draft,
  added: draft.added.map((own) => (own.key === box.key ? box : own)),
});

/** The server's rule for which findings a removal means. */
const SHARE_OF_REMOVED = 0.9;
export const isRemoved = (finding: ReviewBox, removed: readonly ReviewBox[]): boolean =>
  removed.some((box) => sameBox(finding, box) || shareWithin(finding, box) >= SHARE_OF_REMOVED);

/** What becomes of a finding's place. */
export type Fate =
  | 'masked'
  /** Masked as yet; the next scrub leaves it visible. */
  | 'will-show'
  /** A reviewer asked for it to be left visible, and it was. */
  | 'left'
  /** Only pointed out. */
  | 'shown'
  /** Visible as yet; the next scrub blanks it. */
  | 'will-mask';

/** The box of a reviewer that blanks a place which the scrub left visible. */
const coverOf = (finding: Finding, draft: Draft): OwnBox | undefined => draft.added.find((own) => shareWithin(finding, own) === 1);

export function fateOf(finding: Finding, draft: Draft, review: Pick<Review, 'added' | 'removed'>): Fate {
  const leaves = isRemoved(finding, draft.removed);
  if (finding.is_masked) return leaves ? 'will-show' : 'masked';
  const cover = coverOf(finding, draft);
  if (cover) return review.added.some((box) => sameBox(box, cover)) ? 'masked' : 'will-mask';
  if (leaves) return 'left';
  return isRemoved(finding, review.removed) ? 'will-mask' : 'shown';
}

/** What is beyond the kept part goes by the profile; a label on the glass is never kept. Only places can be given back. */
export const canToggle = (finding: Finding): boolean => finding.space === 'asset' && (finding.reason === 'text' || finding.reason === 'out_of_body');

/** Leave what would be masked, mask what would be left. */
export function toggled(draft: Draft, finding: Finding, review: Pick<Review, 'removed'>): Draft {
  const cover = finding.is_masked ? undefined : coverOf(finding, draft);
  if (cover) return withoutBox(draft, cover.key);
  if (isRemoved(finding, draft.removed)) return { ...draft, removed: draft.removed.filter((box) => !isRemoved(finding, [box])) };
  const wasMasked = finding.is_masked || isRemoved(finding, review.removed);
  return wasMasked ? { ...draft, removed: [...draft.removed, plainBox(finding)] } : withBox(draft, finding).draft;
}

const MOST_STEPS = 500;

/** Undo and redo over whole drafts; a gesture in many small steps is taken back as one. */
export class DraftHistory {
  readonly now: Draft;
  readonly #past: readonly Draft[];
  readonly #future: readonly Draft[];
  readonly #gesture: string | null;

  constructor(now: Draft, past: readonly Draft[] = [], future: readonly Draft[] = [], gesture: string | null = null) {
    this.now = now;
    this.#past = past;
    this.#future = future;
    this.#gesture = gesture;
  }

  get canUndo(): boolean {
    return this.#past.length > 0;
  }

  get canRedo(): boolean {
    return this.#future.length > 0;
  }

  /** @param gesture the same as that of the step before: they are one. */
  to(next: Draft, gesture: string | null = null): DraftHistory {
    if (next === this.now) return this;
    const joins = gesture !== null && gesture === this.#gesture;
    return new DraftHistory(next, joins ? this.#past : [...this.#past, this.now].slice(-MOST_STEPS), [], gesture);
  }

  undo(): DraftHistory {
    const before = this.#past.at(-1);
    return before ? new DraftHistory(before, this.#past.slice(0, -1), [this.now, ...this.#future]) : this;
  }

  redo(): DraftHistory {
    const [next, ...rest] = this.#future;
    return next ? new DraftHistory(next, [...this.#past, this.now], rest) : this;
  }
}
