/** Colours that stand out from haematoxylin's blue-violet, eosin's pink and glass, and from each other. */

export interface Swatch {
  color: string;
  name: string;
}

export const PALETTE: readonly Swatch[] = [
  { color: '#00c853', name: 'Green' },
  { color: '#ffd600', name: 'Yellow' },
  { color: '#00b8d4', name: 'Cyan' },
  { color: '#ff6d00', name: 'Orange' },
  { color: '#1f5eff', name: 'Blue' },
  { color: '#111111', name: 'Black' },
  { color: '#aeea00', name: 'Lime' },
  { color: '#d50000', name: 'Red' },
  { color: '#00796b', name: 'Teal' },
  { color: '#8d5a00', name: 'Brown' },
  { color: '#84ffff', name: 'Pale cyan' },
  { color: '#546e00', name: 'Olive' },
];

const TOO_CLOSE = 0.09;
/** Typical stained tissue: nuclei, stroma, cytoplasm. */
const STAINS = ['#6a4c93', '#8e6bb0', '#c77fb0', '#e3a6c4', '#d46aa0'];

/** The first colour that looks like none of those taken. */
export function freeColor(taken: readonly string[]): string {
  const free = PALETTE.find((swatch) => !taken.some((color) => areAlike(color, swatch.color)));
  return (free ?? PALETTE[taken.length % PALETTE.length])?.color ?? '#00c853';
}

/** Whether an outline in this colour drowns in an H&E stain. */
export function isNearStain(color: string): boolean {
  return STAINS.some((stain) => difference(color, stain) < TOO_CLOSE);
}

export function areAlike(a: string, b: string): boolean {
  return difference(a, b) < TOO_CLOSE;
}

/** Euclidean distance in OKLab (B. Ottosson, 2020), where equal steps look about equal: 0 is the same, 1 black to white. */
export function difference(a: string, b: string): number {
  const [l1, a1, b1] = oklab(a);
  const [l2, a2, b2] = oklab(b);
  return Math.hypot(l1 - l2, a1 - a2, b1 - b2);
}

function oklab(color: string): [number, number, number] {
  const channel = (at: number): number => {
    const value = parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  const [r, g, b] = [channel(1), channel(3), channel(5)];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}
