/** The conversion's report as a person reads it before releasing: what was in the file, what became of it, what was proved. */
import type { ConversionReport, ScrubPlace } from '../../api/types';
import { bytes, count } from '../../design/format';
import { videoSummaryOf, type VideoProof } from './videoScrubReport';

export interface ScrubSummary {
  /** In the original, not in the result. */
  dropped: Finding[];
  /** Stated again from checked values, or copied as pixels. */
  kept: Finding[];
  checks: Check[];
  /** Everything that must be proved was. */
  isProved: boolean;
  /** What the label showed and the like, in one line. */
  headline: string;
}

export interface Finding {
  words: string;
  byte_count: number;
}

export interface Check {
  words: string;
  isPassed: boolean;
}

/** The parts of the proof that this page reads; older and newer servers may say less or more. */
interface Proof {
  files?: { accounted_bytes?: number; deepzoom_tiles?: number };
  tiles?: { tiles?: number; identical?: number; cut?: number; encoded?: number; missing?: number; damaged?: number };
  pixels?: { sampled_tiles?: number; l0_worst_difference?: number; mpp_equal?: boolean | null };
  search?: { strings_searched?: number; bytes_searched?: number; places_found?: number };
}

const IMAGE_WORDS: Record<string, string> = {
  label: 'Label image',
  macro: 'Macro image',
  thumbnail: 'Thumbnail',
  level: 'Smaller copies of the slide (made anew from level 0)',
  unknown: 'Image of an unknown kind',
};
/** Of a TIFF directories, of DICOM files: both hold images, of which one is level 0. */
const PLACE = /^(?:directory|file) \d+ \((?<role>[^)]+)\), (?<what>.+)$/;

export function summaryOf(report: ConversionReport | null): ScrubSummary {
  const places = report?.places ?? [];
  const proof = (report?.proof ?? {}) as Proof & VideoProof;
  if (report && (proof.frames || proof.boxes)) return videoSummaryOf(report, proof, checksOf({ ...(proof.search && { search: proof.search }) }));
  const checks = checksOf(proof);
  const hasMacro = report?.has_macro === true;
  const all = droppedOf(places);
  const macro = hasMacro ? all.filter((one) => one.words === IMAGE_WORDS['macro']) : [];
  return {
    dropped: all.filter((one) => !macro.includes(one)),
    kept: [...keptOf(places), ...macro.map((one) => ({ ...one, words: 'Macro image, anew and without its label' }))],
    checks,
    isProved: Boolean(proof.files && proof.tiles && proof.pixels && proof.search) && checks.every((check) => check.isPassed),
    headline: headlineOf(places, hasMacro),
  };
}

function droppedOf(places: readonly ScrubPlace[]): Finding[] {
  const images = new Map<string, number>();
  const tags: ScrubPlace[] = [];
  const others: Finding[] = [];
  for (const place of places) {
    const { role, what } = partsOf(place);
    if (role !== null && role !== 'level 0') images.set(role, (images.get(role) ?? 0) + place.byte_count);
    else if (place.action !== 'dropped' || place.byte_count === 0) continue;
    else if (role === 'level 0') tags.push({ ...place, place: what });
    else others.push({ words: sentence(place.place), byte_count: place.byte_count });
  }
  const found = [...images].map(([role, byte_count]) => ({ words: IMAGE_WORDS[role] ?? sentence(role), byte_count }));
  if (tags.length > 0) found.push({ words: `${count(tags.length, 'further tag')}: ${tags.map((tag) => tag.place).join(', ')}`, byte_count: total(tags) });
  return [...found, ...others];
}

function keptOf(places: readonly ScrubPlace[]): Finding[] {
  const level0 = places.filter((place) => partsOf(place).role === 'level 0');
  const description = level0.filter((place) => place.action === 'rebuilt' && partsOf(place).what === 'ImageDescription');
  const technical = level0.filter((place) => place.action === 'rebuilt' && !description.includes(place));
  const tiles = places.filter((place) => place.action === 'kept');
  const findings: [string, ScrubPlace[]][] = [
    ['The scanner’s description: only µm per pixel and power were read from it', description],
    [`${count(technical.length, 'technical value')}, such as size and tiling, stated again`, technical],
    ['Image tiles of level 0', tiles],
  ];
  return findings.filter(([, list]) => list.length > 0).map(([words, list]) => ({ words, byte_count: total(list) }));
}

function checksOf({ search, tiles, files, pixels }: Proof): Check[] {
  const checks: Check[] = [];
  if (search) {
    const found = search.places_found ?? NaN;
    checks.push({
      words: `${count(search.strings_searched ?? 0, 'text')} of the original searched for in all ${bytes(search.bytes_searched ?? 0)} of the result: ${found === 0 ? 'none found' : `${found} found`}`,
      isPassed: found === 0,
    });
  }
  if (tiles) {
    const { tiles: all = NaN, identical = 0, cut = 0, encoded = 0, missing = 0, damaged = 0 } = tiles;
    const rest = [
      cut > 0 && `${cut.toLocaleString()} cut out of it without loss`,
      encoded > 0 && `${encoded.toLocaleString()} decoded and encoded once`,
      missing > 0 && `${missing.toLocaleString()} left out by the scanner, shown white`,
      damaged > 0 && `${damaged.toLocaleString()} damaged in the original, shown white`,
    ].filter(Boolean);
    checks.push({
      words: [`${identical.toLocaleString()} of ${count(all, 'image tile')} identical to the scanner’s, bit for bit`, ...rest].join('; '),
      isPassed: identical + cut + encoded + missing + damaged === all,
    });
  }
  if (files) {
    checks.push({ words: `Each of the ${(files.accounted_bytes ?? 0).toLocaleString()} bytes of the slide file accounted for`, isPassed: (files.accounted_bytes ?? 0) > 0 });
  }
  if (pixels) {
    checks.push({
      words: `${count(pixels.sampled_tiles ?? 0, 'place')} compared in another reader (OpenSlide); size and scale agree`,
      isPassed: pixels.mpp_equal !== false,
    });
  }
  return checks;
}

function headlineOf(places: readonly ScrubPlace[], hasMacro: boolean): string {
  const roles = new Set(places.map((place) => partsOf(place).role));
  const named = ['label', 'macro', 'thumbnail'].filter((role) => roles.has(role) && !(role === 'macro' && hasMacro));
  const kept = hasMacro ? ' Of the macro image everything but the label was kept.' : '';
  if (named.length === 0) return `The original had no label${hasMacro ? '' : ' and no macro image'}.${kept}`;
  const list = named.length === 1 ? named[0] : `${named.slice(0, -1).join(', ')} and ${named.at(-1)}`;
  return `${sentence(list ?? '')} of the original ${named.length === 1 ? 'was' : 'were'} not copied.${kept}`;
}

function partsOf(place: ScrubPlace): { role: string | null; what: string } {
  const groups = PLACE.exec(place.place)?.groups;
  return { role: groups?.['role'] ?? null, what: groups?.['what'] ?? place.place };
}

function total(places: readonly ScrubPlace[]): number {
  return places.reduce((sum, place) => sum + place.byte_count, 0);
}

function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
