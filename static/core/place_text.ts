/** "12000, 8500 @ 20x": a place on a slide as people write it. */
import type { PixelSize } from './measure';

export interface PlaceText {
  /** Level-0 pixels. */
  readonly x: number;
  readonly y: number;
  /** Null: stay at the present zoom. */
  readonly devicePxPerL0Px: number | null;
}

export interface SlideMeasures {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly pixelSize: PixelSize | null;
  readonly objectivePower: number | null;
}

const PLACE = /^\(?\s*([+-]?\d[\d\s_]*(?:\.\d+)?|[+-]?\.\d+)\s*(px|µm|μm|um|mm|cm)?\s*[,;\s]\s*([+-]?\d[\d\s_]*(?:\.\d+)?|[+-]?\.\d+)\s*(px|µm|μm|um|mm|cm)?\s*\)?\s*(?:@\s*(\d+(?:\.\d+)?)\s*[x×]?)?$/i;
const UM: Readonly<Record<string, number>> = { µm: 1, μm: 1, um: 1, mm: 1000, cm: 10_000 };

/** @returns the place, or a sentence that says what is wrong with the text. */
export function parsePlace(text: string, slide: SlideMeasures): PlaceText | string {
  const found = PLACE.exec(text.trim());
  if (!found) return 'Write two numbers, such as “12000, 8500”, “3.2 mm, 1.5 mm” or “12000, 8500 @ 20x”.';
  const [, first, firstUnit, second, secondUnit, power] = found;
  // "3.2, 1.5 mm" means millimetres twice.
  const unit = (secondUnit ?? firstUnit ?? 'px').toLowerCase();
  const x = inPx(first!, (firstUnit ?? unit).toLowerCase(), slide.pixelSize?.xUm);
  const y = inPx(second!, unit, slide.pixelSize?.yUm);
  if (x === null || y === null) return 'This slide states no scale: give the place in pixels.';
  if (x < 0 || y < 0 || x > slide.widthPx || y > slide.heightPx) {
    return `That is outside the slide, which has ${slide.widthPx} × ${slide.heightPx} pixels.`;
  }
  if (power === undefined) return { x, y, devicePxPerL0Px: null };
  if (slide.objectivePower === null) return 'This slide states no magnification: leave out what follows the @.';
  const zoom = Number(power) / slide.objectivePower;
  if (!(zoom > 0)) return 'A magnification is more than nothing.';
  return { x, y, devicePxPerL0Px: zoom };
}

function inPx(number: string, unit: string, umPerPx: number | undefined): number | null {
  const value = Number(number.replaceAll(/[\s_]/g, ''));
  const um = UM[unit];
  if (um === undefined) return value;
  return umPerPx === undefined ? null : (value * um) / umPerPx;
}

/** The place as the dialog takes it again. */
export function formatPlace(x: number, y: number, power: number | null): string {
  const place = `${Math.round(x)}, ${Math.round(y)}`;
  return power === null ? place : `${place} @ ${Number(power.toPrecision(3))}x`;
}
