/** The conversion's report as a person reads it before releasing: what was in the file, what became of it, what was proved. */
import type { ConversionReport, ScrubPlace } from '../../api/types';

export interface ScrubSummary {
  dropped: ScrubPlace[];
  rebuilt: ScrubPlace[];
  kept: ScrubPlace[];
  checks: Check[];
}

export interface Check {
  words: string;
  /** null: a figure, not a test. */
  isPassed: boolean | null;
  figure: string;
}

export function summaryOf(report: ConversionReport | null): ScrubSummary {
  const places = report?.places ?? [];
  const of = (action: string): ScrubPlace[] => places.filter((place) => place.action === action);
  return { dropped: of('dropped'), rebuilt: of('rebuilt'), kept: of('kept'), checks: checksOf(report?.proof ?? {}) };
}

/** Whether every test of the proof passed; a report without one proves nothing. */
export function isProved(summary: ScrubSummary): boolean {
  return summary.checks.length > 0 && summary.checks.every((check) => check.isPassed !== false);
}

function checksOf(proof: Record<string, unknown>, prefix = ''): Check[] {
  return Object.entries(proof).flatMap(([name, value]): Check[] => {
    const words = prefix + sentence(name);
    if (typeof value === 'boolean') return [{ words, isPassed: value, figure: '' }];
    if (typeof value === 'number') return [{ words, isPassed: null, figure: value.toLocaleString() }];
    if (typeof value === 'string') return [{ words, isPassed: null, figure: value }];
    if (Array.isArray(value)) return [{ words, isPassed: null, figure: value.join(', ') }];
    if (typeof value === 'object' && value !== null) return checksOf(value as Record<string, unknown>, `${words}: `);
    return [];
  });
}

function sentence(name: string): string {
  const words = name.replace(/[_-]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
