/** What an asset is called, in what state it is, and how far its conversion has come. Pure. */
import type { Asset, AssetState } from '../api/types';
import { duration } from '../design/format';
import type { IconName } from '../design/icons';

interface Look {
  readonly words: string;
  readonly icon: IconName;
  /** Only ever beside the words. */
  readonly tone: 'busy' | 'warn' | 'good' | 'bad' | 'plain';
}

const STATES: Record<AssetState, Look> = {
  uploading: { words: 'Uploading', icon: 'upload', tone: 'busy' },
  quarantined: { words: 'Waiting to be converted', icon: 'clock', tone: 'busy' },
  converting: { words: 'Converting', icon: 'clock', tone: 'busy' },
  verifying: { words: 'Proving it clean', icon: 'shield', tone: 'busy' },
  awaiting_release: { words: 'Awaiting release', icon: 'shield', tone: 'warn' },
  released: { words: 'Released', icon: 'check', tone: 'good' },
  refused: { words: 'Refused', icon: 'alert', tone: 'bad' },
  discarded: { words: 'Discarded', icon: 'trash', tone: 'plain' },
};
const STOPPED: Look = { words: 'Stopped', icon: 'stop', tone: 'warn' };

const STAGES: Record<string, string> = {
  looking: 'Looking for what must not travel',
  converting: 'Writing it anew',
  verifying: 'Proving it clean',
};

/** Somebody stopped it: it waits for a person, not for its turn. */
export const isStopped = ({ state, problem }: Pick<Asset, 'state' | 'problem'>): boolean => state === 'quarantined' && problem !== null;

/** A server that is newer than this page may have states of which the page does not know. */
export const lookOf = (asset: Pick<Asset, 'state' | 'problem'>): Look =>
  isStopped(asset) ? STOPPED : (STATES[asset.state] ?? { words: plainWords(asset.state), icon: 'info', tone: 'plain' });

/** Of a file that could not be read nobody knows what it was. */
export const kindWords = (kind: string): string => ({ slide: 'Slide', video: 'Video' })[kind] ?? 'File';

export const stageWords = (stage: string): string => STAGES[stage] ?? plainWords(stage);

/** A name that this page does not know, as words. */
export const plainWords = (name: string): string => {
  const words = name.replace(/[-_]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
};

/** 0 to 1 of the present stage; null while its length is not known. */
export const fractionOf = ({ progress }: Pick<Asset, 'progress'>): number | null => (progress && progress.total > 0 ? Math.min(1, progress.done / progress.total) : null);

/** "Writing it anew · 42 % · 12 s left"; empty where nothing runs. */
export function progressText(asset: Pick<Asset, 'progress'>, speed: string | null = null): string {
  const { progress } = asset;
  if (!progress) return '';
  const fraction = fractionOf(asset);
  return [
    stageWords(progress.stage),
    fraction !== null && `${Math.floor(100 * fraction)} %`,
    speed,
    progress.eta_s !== null && `${duration(progress.eta_s)} left`,
  ]
    .filter(Boolean)
    .join(' · ');
}
