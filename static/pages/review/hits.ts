/** What lies under the pointer, and where the numbers of boxes stand. Pure; all in px of the screen. */
import { GRIPS, INSIDE, type Grip, type Point } from './boxes';

export interface ScreenRect {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface Hit {
  readonly id: string;
  readonly grip: Grip;
}

export interface Target {
  readonly id: string;
  readonly rect: ScreenRect;
  readonly isOwn: boolean;
}

/** Whether anything of it is to be seen in the pane. */
export const isWithin = ({ left, top, width, height }: ScreenRect, pane: { readonly width: number; readonly height: number }): boolean =>
  left < pane.width && top < pane.height && left + width > 0 && top + height > 0;

const REACH_PX = 7;
/** A box larger than this part of the view is taken by its edge only: one looks through it. */
const LARGE_SHARE = 0.5;

export const gripPlace = ({ left, top, width, height }: ScreenRect, { dx, dy }: Grip): Point => ({
  x: left + ((dx + 1) / 2) * width,
  y: top + ((dy + 1) / 2) * height,
});

/** The selected box first, then the smallest. Grips are only on a selected box of one's own. */
export function hitAt(targets: readonly Target[], selectedId: string | null, at: Point, viewArea: number): Hit | null {
  const selected = targets.find((target) => target.id === selectedId);
  if (selected?.isOwn) {
    const grip = GRIPS.find((one) => {
      const place = gripPlace(selected.rect, one);
      return Math.abs(place.x - at.x) <= REACH_PX && Math.abs(place.y - at.y) <= REACH_PX;
    });
    if (grip) return { id: selected.id, grip };
  }
  const under = targets.filter(({ rect }) => isIn(rect, at, REACH_PX) && (areaOf(rect) < LARGE_SHARE * viewArea || !isIn(rect, at, -REACH_PX)));
  under.sort((a, b) => Number(b === selected) - Number(a === selected) || areaOf(a.rect) - areaOf(b.rect));
  return under[0] ? { id: under[0].id, grip: INSIDE } : null;
}

export interface Tag extends Point {
  readonly width: number;
}

export const TAG_HEIGHT = 15;

/** Each number stands above its box, or in its corner where there is no room; beside another one, never over it. */
export function tagsOf(boxes: readonly { readonly rect: ScreenRect; readonly number: number }[]): readonly Tag[] {
  const tags: Tag[] = [];
  for (const { rect, number } of boxes) {
    const width = 8 + 7 * String(number).length;
    const y = rect.top >= TAG_HEIGHT + 2 ? rect.top - TAG_HEIGHT - 1 : Math.max(1, rect.top + 1);
    let x = Math.max(1, rect.left);
    const inTheWay = (): Tag | undefined => tags.find((tag) => Math.abs(tag.y - y) < TAG_HEIGHT && tag.x < x + width && x < tag.x + tag.width);
    for (let other = inTheWay(); other; other = inTheWay()) x = other.x + other.width + 1;
    tags.push({ x, y, width });
  }
  return tags;
}

const areaOf = ({ width, height }: ScreenRect): number => width * height;

const isIn = ({ left, top, width, height }: ScreenRect, { x, y }: Point, slack: number): boolean =>
  x >= left - slack && x <= left + width + slack && y >= top - slack && y <= top + height + slack;
