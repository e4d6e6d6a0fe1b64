/** Findings and pictures in a reviewer's words. Pure. */
import type { Finding, FindingReason, RejectReason, ReviewBox, ReviewPicture } from '../../api/review';
import { plainWords } from '../assetWords';
import type { Fate } from './draft';

/** A place is not broken over two lines. */
const NBSP = '\u00a0';

interface ReasonWords {
  /** Of one. */
  readonly name: string;
  readonly heading: string;
  readonly explains: string;
}

export const REASONS: Record<FindingReason, ReasonWords> = {
  text: { name: 'Text', heading: 'Text', explains: 'The detector took it for writing.' },
  out_of_body: { name: 'Out of body', heading: 'Out of body', explains: 'These frames look like the room and the people in it.' },
  label: { name: 'Label', heading: 'Label of the slide', explains: 'The label on the glass. It is never copied.' },
  outside_regions: { name: 'Outside regions', heading: 'Outside the declared regions', explains: 'Beyond the ultrasound regions that the file declares. The profile decides.' },
  outside_sector: { name: 'Outside sector', heading: 'Outside the moving sector', explains: 'Beyond the part of the picture that moves. The profile decides.' },
  reviewer: { name: 'Drawn', heading: 'Drawn by a reviewer', explains: 'A reviewer asked for it.' },
};

/** In the order in which they are listed: first what a person has to judge. */
export const REASON_ORDER: readonly FindingReason[] = ['text', 'out_of_body', 'label', 'outside_sector', 'outside_regions', 'reviewer'];

/** Places that the profile decides about as a whole: there are many, and none to judge by itself. */
export const isOfProfile = (reason: FindingReason): boolean => reason === 'outside_sector' || reason === 'outside_regions';

interface FateWords {
  readonly words: string;
  /** A colour of the chrome: only ever beside the words, or beside lines of different kinds. */
  readonly tone: string;
}

export const FATES: Record<Fate, FateWords> = {
  masked: { words: 'Masked', tone: 'var(--state-good)' },
  'will-show': { words: 'Masked; left visible at the next scrub', tone: 'var(--state-warn)' },
  left: { words: 'Left visible by a reviewer', tone: 'var(--state-warn)' },
  shown: { words: 'Visible: pointed out only', tone: 'var(--state-warn)' },
  'will-mask': { words: 'Visible; masked at the next scrub', tone: 'var(--state-busy)' },
};

/** Of a box that a reviewer drew. Where there is no result, nothing is masked as yet. */
export const ownFateText = (fate: Fate, hasResult: boolean): string =>
  fate === 'will-mask' ? 'Not sent yet' : hasResult ? FATES[fate].words : 'Asked for';

export const REJECT_REASONS: readonly { readonly value: RejectReason; readonly name: string }[] = [
  { value: 'identity-visible', name: 'A patient can be recognised in it' },
  { value: 'wrong-file', name: 'It is the wrong file' },
  { value: 'poor-quality', name: 'It is of no use: damaged, or of poor quality' },
  { value: 'other', name: 'Another reason' },
];

/** "all frames", "frame 12", "frames 12–40". */
export function framesText({ first_frame, last_frame }: ReviewBox, frameCount: number): string {
  const [first, last] = [first_frame ?? 0, last_frame ?? frameCount - 1];
  if (first === 0 && last >= frameCount - 1) return 'all frames';
  return first === last ? `frame ${first}` : `frames ${first}–${last}`;
}

/** "812 × 24 px at 10, 16" */
export const placeText = ({ x0, y0, x1, y1 }: ReviewBox): string => `${x1 - x0} × ${y1 - y0} px at ${x0}, ${y0}`.replaceAll(' ', NBSP);

export const sureText = (finding: Finding): string | null => (finding.score === null ? null : `${Math.round(finding.score * 100)} % sure`.replaceAll(' ', NBSP));

interface PictureWords {
  readonly name: string;
  readonly explains: string;
}

const OF_MANY: Record<string, PictureWords> = {
  minimum: { name: 'Darkest', explains: 'The darkest value that each pixel had in any frame. Bright text that stays put remains here, while moving tissue goes dark.' },
  maximum: { name: 'Brightest', explains: 'The brightest value that each pixel had in any frame. Text that appeared even once, anywhere, is here.' },
  median: { name: 'Middle', explains: 'The middle value of each pixel over time. What stays put for most of the clip is here, without what moves.' },
  thumbnail: { name: 'Thumbnail', explains: 'The whole slide, small: look for writing beside the tissue.' },
  result: { name: 'Result', explains: 'What will be released. There is no picture of the original beside it.' },
  macro: { name: 'Macro', explains: 'The photograph of the whole glass. The label must not be in what is kept of it.' },
};

/** Names may carry a number behind: of a long clip each stretch has pictures of its own. */
export function pictureWords({ name, frame }: Pick<ReviewPicture, 'name' | 'frame'>): PictureWords {
  const [, kind, rest] = /^([a-z]+)-?(.*)$/.exec(name) ?? [];
  const words = kind === undefined ? undefined : OF_MANY[kind];
  if (words) return rest ? { ...words, name: `${words.name} (${rest.replaceAll('-', '–')})` } : words;
  if (frame !== null) return { name: `Frame ${frame}`, explains: 'One frame as it was, and as it is now.' };
  return { name: plainWords(name), explains: '' };
}
