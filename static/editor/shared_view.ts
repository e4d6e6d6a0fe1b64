/** The view in the address bar, so that a link shows a colleague the same place: "#at=12000,8500,0.5,90&beside=ab12". */
import type { Place } from '../slide/slide_view';

export interface SharedView {
  readonly place: Place | null;
  /** The asset beside, if any. */
  readonly beside: string | null;
}

export function readSharedView(hash: string): SharedView {
  const parts = new URLSearchParams(hash.replace(/^#/, ''));
  const numbers = (parts.get('at') ?? '').split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  const [x, y, devicePxPerL0Px, degrees = 0] = numbers;
  const isPlace = numbers.length >= 3 && numbers.length <= 4 && numbers.every(Number.isFinite) && devicePxPerL0Px! > 0;
  const beside = parts.get('beside');
  return {
    place: isPlace ? { x: x!, y: y!, devicePxPerL0Px: devicePxPerL0Px!, degrees } : null,
    beside: beside !== null && /^[0-9a-z]+$/.test(beside) ? beside : null,
  };
}

export function writeSharedView({ place, beside }: SharedView): string {
  const parts: string[] = [];
  if (place) {
    const numbers = [Math.round(place.x * 10) / 10, Math.round(place.y * 10) / 10, Number(place.devicePxPerL0Px.toPrecision(6))];
    const degrees = Math.round((place.degrees ?? 0) * 10) / 10;
    parts.push(`at=${[...numbers, ...(degrees === 0 ? [] : [degrees])].join(',')}`);
  }
  if (beside) parts.push(`beside=${beside}`);
  return parts.length > 0 ? `#${parts.join('&')}` : '';
}
