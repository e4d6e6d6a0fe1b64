/** Numbers as a pathologist reads them: µm and mm where the slide states its scale, pixels where it does not. */

const digits = (value: number, significant: number): string => {
  if (value === 0) return '0';
  const decimals = Math.max(0, significant - 1 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString('en-US', { maximumFractionDigits: Math.min(decimals, 6), useGrouping: true }).replaceAll(',', '\u202f');
};

export const formatLengthUm = (um: number): string => (um >= 1000 ? `${digits(um / 1000, 3)} mm` : `${digits(um, 3)} µm`);

/** From 0.1 mm² on, mm²: that is how regions are reported. */
export const formatAreaUm2 = (um2: number): string => (um2 >= 100_000 ? `${digits(um2 / 1e6, 3)} mm²` : `${digits(um2, 3)} µm²`);

/** µm per level-0 pixel along both axes; null where the file does not say. */
export interface PixelSize {
  readonly xUm: number;
  readonly yUm: number;
}

export const formatArea = (px2: number, pixel: PixelSize | null): string =>
  pixel ? formatAreaUm2(px2 * pixel.xUm * pixel.yUm) : `${digits(px2, 4)} px²`;

export interface ScaleBar {
  readonly label: string;
  /** Length on the screen, in CSS pixels. */
  readonly widthPx: number;
}

/**
 * The longest bar of a round length (1, 2 or 5 × 10ⁿ) that fits.
 * @param unitsPerScreenPx µm (or level-0 pixels, where the scale is unknown) that one CSS pixel covers
 */
export function scaleBar(unitsPerScreenPx: number, maxWidthPx: number, unit: 'µm' | 'px'): ScaleBar {
  const most = unitsPerScreenPx * maxWidthPx;
  const power = 10 ** Math.floor(Math.log10(most));
  const length = [5, 2, 1].map((m) => m * power).find((l) => l <= most * (1 + 1e-9)) ?? power;
  return {
    label: unit === 'µm' ? formatLengthUm(length) : `${digits(length, 3)} px`,
    widthPx: length / unitsPerScreenPx,
  };
}

/** What the file's objective power becomes at a zoom of `devicePxPerL0Px`: 40× means one slide pixel on one screen pixel of a 40× scan. */
export const magnification = (objectivePower: number, devicePxPerL0Px: number): number => objectivePower * devicePxPerL0Px;

export const formatMagnification = (power: number): string => `${power >= 10 ? digits(power, 3) : digits(power, 2)}×`;

const STEPS: readonly number[] = [1, 2, 4, 10, 20, 40, 60, 100];

/** Buttons worth showing: the usual objectives, as far as the file states a power. */
export function magnificationSteps(objectivePower: number | null): number[] {
  if (objectivePower === null || !(objectivePower > 0)) return [];
  const steps = STEPS.filter((s) => s < objectivePower * 0.99);
  return [...steps, objectivePower];
}
