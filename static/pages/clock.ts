/** How long a clip is, as players write it: 75.04 → "1:15", 3675 → "1:01:15"; below ten seconds with a tenth. */
export function clock(duration_s: number): string {
  if (duration_s < 10) return `${(Math.floor(duration_s * 10) / 10).toFixed(1)}\u00a0s`;
  const whole = Math.floor(duration_s);
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}
