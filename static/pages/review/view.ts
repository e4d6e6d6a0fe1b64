/** Which part of a picture a pane shows; the panes of before and after share it. Pure. */
import type { Extent, Point } from './boxes';

/** zoom: screen px per picture px; centre in picture px. */
export interface View {
  readonly zoom: number;
  readonly centre: Point;
}

export interface Pane {
  readonly width: number;
  readonly height: number;
}

const MOST_ZOOM = 32;
const MARGIN = 0.98;

/** The whole picture in the pane. */
export function fitted(picture: Extent, pane: Pane): View {
  const zoom = MARGIN * Math.min(pane.width / picture.width_px, pane.height / picture.height_px);
  return { zoom: zoom > 0 ? zoom : 1, centre: { x: picture.width_px / 2, y: picture.height_px / 2 } };
}

export const toScreen = (point: Point, view: View, pane: Pane): Point => ({
  x: (point.x - view.centre.x) * view.zoom + pane.width / 2,
  y: (point.y - view.centre.y) * view.zoom + pane.height / 2,
});

export const toPicture = (point: Point, view: View, pane: Pane): Point => ({
  x: (point.x - pane.width / 2) / view.zoom + view.centre.x,
  y: (point.y - pane.height / 2) / view.zoom + view.centre.y,
});

/** What lies under a point of the screen stays under it. Never smaller than the whole picture. */
export function zoomedAt(view: View, factor: number, at: Point, picture: Extent, pane: Pane): View {
  const zoom = Math.min(Math.max(view.zoom * factor, fitted(picture, pane).zoom), MOST_ZOOM);
  const fixed = toPicture(at, view, pane);
  const centre = { x: fixed.x - (at.x - pane.width / 2) / zoom, y: fixed.y - (at.y - pane.height / 2) / zoom };
  return inside({ zoom, centre }, picture, pane);
}

export const panned = (view: View, dx: number, dy: number, picture: Extent, pane: Pane): View =>
  inside({ ...view, centre: { x: view.centre.x + dx / view.zoom, y: view.centre.y + dy / view.zoom } }, picture, pane);

/** A place in the middle, with some of what is around it. */
export function around(box: { x0: number; y0: number; x1: number; y1: number }, picture: Extent, pane: Pane): View {
  const [width, height] = [Math.max(1, box.x1 - box.x0), Math.max(1, box.y1 - box.y0)];
  const zoom = Math.min(Math.max(0.35 * Math.min(pane.width / width, pane.height / height), fitted(picture, pane).zoom), MOST_ZOOM / 4);
  return inside({ zoom, centre: { x: (box.x0 + box.x1) / 2, y: (box.y0 + box.y1) / 2 } }, picture, pane);
}

/** Where a place is to be seen: the view as it is if the whole of it is in sight already, else with the place in the middle. */
export function inSight(view: View, box: { x0: number; y0: number; x1: number; y1: number }, picture: Extent, pane: Pane): View {
  const [low, high] = [toScreen({ x: box.x0, y: box.y0 }, view, pane), toScreen({ x: box.x1, y: box.y1 }, view, pane)];
  if (low.x >= 0 && low.y >= 0 && high.x <= pane.width && high.y <= pane.height) return view;
  return inside({ zoom: view.zoom, centre: { x: (box.x0 + box.x1) / 2, y: (box.y0 + box.y1) / 2 } }, picture, pane);
}

/** No pane shows more emptiness than it has to. */
function inside(view: View, picture: Extent, pane: Pane): View {
  const along = (centre: number, length: number, visible: number): number =>
    visible >= length ? length / 2 : Math.min(Math.max(centre, visible / 2), length - visible / 2);
  return {
    zoom: view.zoom,
    centre: {
      x: along(view.centre.x, picture.width_px, pane.width / view.zoom),
      y: along(view.centre.y, picture.height_px, pane.height / view.zoom),
    },
  };
}
