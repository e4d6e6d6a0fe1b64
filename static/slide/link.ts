/** Two slides that move together, however they lay to each other when they were linked. */
import type { Place } from './slide_view';
import { turnOf } from './view_transform';

type FullPlace = Required<Place>;

/** How the second slide lies when the first lies so. */
export interface Link {
  readonly first: FullPlace;
  readonly second: FullPlace;
}

/**
 * Where the other slide must look, so that both have moved alike on the screen since they were linked.
 * @param from which of the two has moved
 */
export function follow(link: Link, from: 'first' | 'second', now: FullPlace): FullPlace {
  const mine = link[from];
  const theirs = from === 'first' ? link.second : link.first;
  const turned = now.degrees - mine.degrees;
  const zoomed = now.devicePxPerL0Px / mine.devicePxPerL0Px;
  // How my slide's middle has wandered, as it looked on the screen when we were linked …
  const [cosMine, sinMine] = turnOf(mine.degrees);
  const dx = (now.x - mine.x) * mine.devicePxPerL0Px;
  const dy = (now.y - mine.y) * mine.devicePxPerL0Px;
  const screenX = cosMine * dx - sinMine * dy;
  const screenY = sinMine * dx + cosMine * dy;
  // … is how theirs must wander.
  const [cosTheirs, sinTheirs] = turnOf(theirs.degrees);
  return {
    x: theirs.x + (cosTheirs * screenX + sinTheirs * screenY) / theirs.devicePxPerL0Px,
    y: theirs.y + (cosTheirs * screenY - sinTheirs * screenX) / theirs.devicePxPerL0Px,
    devicePxPerL0Px: theirs.devicePxPerL0Px * zoomed,
    degrees: theirs.degrees + turned,
  };
}

/** The second slide's zoom at which a millimetre is as long as on the first; the same zoom where a scale is unknown. */
export function zoomAlike(firstZoom: number, firstUm: number | null, secondUm: number | null): number {
  return firstUm === null || secondUm === null ? firstZoom : (firstZoom * secondUm) / firstUm;
}
