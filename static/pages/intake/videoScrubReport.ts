/** A video's report as a person reads it before releasing. See scrubReport for slides. */
import type { ScrubPlace } from '../../api/types';
import { bytes, count } from '../../design/format';
import type { Check, Finding, ScrubSummary } from './scrubReport';

/** The parts of a video's proof that this page reads. */
export interface VideoProof {
  boxes?: { accounted_bytes?: number };
  frames?: { frames_compared?: number; frames_masked?: number };
  search?: { strings_searched?: number; bytes_searched?: number; places_found?: number };
}

interface VideoReport {
  readonly places?: readonly ScrubPlace[];
  readonly frame_count?: number;
  readonly psnr_db?: { min?: number };
  readonly scrub?: { readonly findings?: readonly { readonly is_masked?: boolean }[]; readonly residual_text?: number } | null;
}

const SOUND = 'sound stream';

export function videoSummaryOf(report: VideoReport, proof: VideoProof, searched: Check[]): ScrubSummary {
  const places = report.places ?? [];
  const checks = [...searched, ...checksOf(report, proof)];
  const hasSound = places.some((place) => place.place === SOUND);
  return {
    dropped: together(places.filter((place) => place.action === 'dropped' && place.byte_count > 0)),
    kept: together(places.filter((place) => place.action !== 'dropped')),
    checks,
    isProved: Boolean(proof.boxes && proof.frames && proof.search) && checks.every((check) => check.isPassed),
    headline: `${hasSound ? 'Its sound was not copied.' : 'The original had no sound.'} ${pictureLine(report)}`,
  };
}

/** What was done about writing and people in the picture itself. */
function pictureLine({ scrub }: VideoReport): string {
  if (!scrub) return 'What is written in the picture itself only you can see.';
  const masked = scrub.findings?.filter((finding) => finding.is_masked).length ?? 0;
  return `${masked === 0 ? 'Nothing was masked in the picture' : `${count(masked, 'place')} masked in the picture`}: look whether anything is left.`;
}

/** A loop has hundreds of places, many of one name: each name once, the largest first. */
function together(places: readonly ScrubPlace[]): Finding[] {
  const sums = new Map<string, { byte_count: number; times: number }>();
  for (const { place, byte_count, times = 1 } of places) {
    const sum = sums.get(place) ?? { byte_count: 0, times: 0 };
    sums.set(place, { byte_count: sum.byte_count + byte_count, times: sum.times + times });
  }
  return [...sums]
    .map(([place, { byte_count, times }]) => ({ words: `${place.charAt(0).toUpperCase()}${place.slice(1)}${times > 1 ? ` (${times}×)` : ''}`, byte_count }))
    .sort((a, b) => b.byte_count - a.byte_count);
}

function checksOf({ frame_count, psnr_db, scrub }: VideoReport, { boxes, frames }: VideoProof): Check[] {
  const checks: Check[] = [];
  if (frames) {
    const compared = frames.frames_compared ?? 0;
    const fidelity = psnr_db?.min === undefined ? '' : `; PSNR to the original at least ${psnr_db.min.toFixed(1)} dB`;
    const masked = frames.frames_masked ? `; the masked places are blank in ${count(frames.frames_masked, 'frame')}` : '';
    checks.push({ words: `${count(compared, 'frame')} decoded again from the written file, each the right one${fidelity}${masked}`, isPassed: compared > 0 && compared === frame_count });
  }
  if (scrub?.residual_text !== undefined) {
    const left = scrub.residual_text;
    checks.push({ words: `The result looked through for text once more: ${left === 0 ? 'none found' : `found in ${count(left, 'place')}`}`, isPassed: left === 0 });
  }
  if (boxes) {
    const accounted = boxes.accounted_bytes ?? 0;
    checks.push({ words: `All ${bytes(accounted)} of the video file accounted for: pictures, their index, nothing else`, isPassed: accounted > 0 });
  }
  return checks;
}
