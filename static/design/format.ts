/** Numbers and times as people read them. Pure; the locale is the browser's unless a test names one. */

const NBSP = '\u00a0';

/** 1536 → "1.5 KB". Powers of 1000, as file managers and networks count. */
export function bytes(count: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${trimmed(value, digits)}${NBSP}${units[unit] ?? ''}`;
}

/** Seconds left, coarse enough not to jitter: "8 s", "3 min", "1 h 20 min". */
export function duration(seconds: number): string {
  if (seconds < 1) return `1${NBSP}s`;
  if (seconds < 55) return `${Math.ceil(seconds)}${NBSP}s`;
  const minutes = Math.max(1, Math.round(seconds / 60));
  if (minutes < 60) return `${minutes}${NBSP}min`;
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)}${NBSP}h` + (rest ? ` ${rest}${NBSP}min` : '');
}

/** "46,000 × 32,914 px" */
export function sizePx(width_px: number, height_px: number, locale?: string): string {
  return `${width_px.toLocaleString(locale)} × ${height_px.toLocaleString(locale)}${NBSP}px`;
}

/** Physical size from µm per pixel: "23.0 × 16.4 mm"; µm for what is below a millimetre. */
export function sizeMm(width_px: number, height_px: number, mpp: number): string {
  const width_mm = (width_px * mpp) / 1000;
  const height_mm = (height_px * mpp) / 1000;
  if (Math.max(width_mm, height_mm) < 1) return `${Math.round(width_mm * 1000)} × ${Math.round(height_mm * 1000)}${NBSP}µm`;
  return `${width_mm.toFixed(1)} × ${height_mm.toFixed(1)}${NBSP}mm`;
}

/** 0.2521 → "0.252 µm/px" */
export function resolution(mpp: number): string {
  return `${trimmed(mpp, 3)}${NBSP}µm/px`;
}

/** 40 → "40×" */
export function power(objective_power: number): string {
  return `${trimmed(objective_power, 1)}×`;
}

export function count(value: number, singular: string, plural = `${singular}s`): string {
  return `${value.toLocaleString()} ${value === 1 ? singular : plural}`;
}

/** RFC 3339 → local date and time; seconds where events must be told apart. */
export function moment(rfc3339: string, withSeconds = false): string {
  const date = new Date(rfc3339);
  if (Number.isNaN(date.getTime())) return rfc3339;
  return date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: withSeconds ? 'medium' : 'short' });
}

function trimmed(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}
