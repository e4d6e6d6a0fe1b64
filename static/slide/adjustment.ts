/** How the picture is shown, never how it is stored: brightness, contrast, gamma, and the slide's colour profile. */

export interface Adjustment {
  /** −1 … 1; added to each channel. */
  readonly brightness: number;
  /** 0 … 3; 1 leaves it as it is. Turns about middle grey. */
  readonly contrast: number;
  /** 0.2 … 5; above 1 lifts the shadows. */
  readonly gamma: number;
  readonly usesProfile: boolean;
}

export const NEUTRAL: Adjustment = { brightness: 0, contrast: 1, gamma: 1, usesProfile: true };

/** Whether brightness, contrast and gamma leave the picture alone. */
export const isNeutral = ({ brightness, contrast, gamma }: Adjustment): boolean => brightness === 0 && contrast === 1 && gamma === 1;

/** What becomes of one channel, 0 … 1: gamma first, then contrast, then brightness. The shader does the same. */
export function adjusted(value: number, { brightness, contrast, gamma }: Adjustment): number {
  const shown = (Math.pow(value, 1 / gamma) - 0.5) * contrast + 0.5 + brightness;
  return Math.min(1, Math.max(0, shown));
}

const KEY = 'slidereel.adjustment';

/** As last used in this browser; anything odd in there is as good as nothing. */
export function recallAdjustment(): Adjustment {
  try {
    const kept = { ...NEUTRAL, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Adjustment>) };
    const isSane =
      [kept.brightness, kept.contrast, kept.gamma].every((n) => typeof n === 'number' && Number.isFinite(n)) &&
      Math.abs(kept.brightness) <= 1 &&
      kept.contrast >= 0 &&
      kept.contrast <= 3 &&
      kept.gamma >= 0.2 &&
      kept.gamma <= 5 &&
      typeof kept.usesProfile === 'boolean';
    return isSane ? { brightness: kept.brightness, contrast: kept.contrast, gamma: kept.gamma, usesProfile: kept.usesProfile } : NEUTRAL;
  } catch {
    return NEUTRAL;
  }
}

export function rememberAdjustment(adjustment: Adjustment): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(adjustment));
  } catch {
    // Storage is full or forbidden: the next slide starts neutral.
  }
}
