/** Frame numbers and times as people read and type them. Numbers are from 0, as in the files and everywhere else. */

/** 75.04 → "1:15.040"; 3675.04 → "1:01:15.040". Whole milliseconds, never rounded up to a time that is not there yet. */
export function timeText(time_s: number, withMilliseconds = true): string {
  const all = Math.max(0, Math.floor(time_s * 1000 + 1e-3));
  const ms = all % 1000;
  const s = Math.floor(all / 1000) % 60;
  const min = Math.floor(all / 60_000) % 60;
  const h = Math.floor(all / 3_600_000);
  const head = h > 0 ? `${h}:${two(min)}` : String(min);
  return `${head}:${two(s)}${withMilliseconds ? `.${String(ms).padStart(3, '0')}` : ''}`;
}

/** "1,204 of 0 – 9,999" would be read wrongly; the last number is what one compares with. */
export const frameText = (frame: number, frameCount: number): string => `Frame ${frame} / ${frameCount - 1}`;

export type Destination = { readonly kind: 'frame'; readonly frame: number } | { readonly kind: 'time'; readonly time_s: number };

/** What someone typed into the go-to field: "1200" is a frame, "12.5s", "1:15" and "1:01:15.04" are times. Null: neither. */
export function parseDestination(text: string): Destination | null {
  const typed = text.trim().replace(',', '.').toLowerCase();
  if (/^\d+$/.test(typed)) return { kind: 'frame', frame: Number(typed) };
  const seconds = /^(\d+(?:\.\d*)?|\.\d+)\s*s$/.exec(typed);
  if (seconds) return { kind: 'time', time_s: Number(seconds[1]) };
  const clock = /^(?:(\d+):)?(\d{1,3}):(\d{1,2}(?:\.\d*)?)$/.exec(typed);
  if (!clock) return null;
  return { kind: 'time', time_s: Number(clock[1] ?? 0) * 3600 + Number(clock[2]) * 60 + Number(clock[3]) };
}

const two = (value: number): string => String(value).padStart(2, '0');
