/** Where someone looked on a slide, for as long as the tab lives: a reload or a new sign-in comes back to the same place. */
import type { Place } from '../slide/slide_view';

const key = (assetId: string): string => `slidereel.place.${assetId}`;

export function recallPlace(assetId: string): Place | null {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(key(assetId)) ?? 'null');
    const { x, y, devicePxPerL0Px } = (kept ?? {}) as Record<string, unknown>;
    const isPlace = [x, y, devicePxPerL0Px].every((n) => typeof n === 'number' && Number.isFinite(n)) && (devicePxPerL0Px as number) > 0;
    return isPlace ? (kept as Place) : null;
  } catch {
    return null;
  }
}

export function rememberPlace(assetId: string, place: Place): void {
  try {
    sessionStorage.setItem(key(assetId), JSON.stringify(place));
  } catch {
    // Storage is full or forbidden: one starts at the whole slide again.
  }
}
