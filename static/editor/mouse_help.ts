/** What the mouse, the pen and fingers do, for the help: gesture and meaning. */
type Line = readonly [string, string];

const SHARED: readonly Line[] = [
  ['Wheel', 'Zoom at the pointer'],
  ['Middle button', 'Pan with any tool'],
  ['Two fingers', 'Pinch to zoom'],
  ['Polygon: click', 'Add a point; drag to draw freehand'],
  ['Polygon: double click', 'Close; so does a click on the first point'],
  ['Rectangle: Shift', 'Square'],
  ['Select: Alt + click', 'Add a point on an edge; so does a double click'],
  ['Select: Alt + corner', 'Pull a rectangle out of square'],
  ['Shift + click', 'Add to the selection'],
  ['Select: Shift + drag', 'Select by window'],
];

export const SLIDE_MOUSE: readonly Line[] = [...SHARED, ['Space + drag', 'Pan with any tool']];

export const VIDEO_MOUSE: readonly Line[] = [
  ...SHARED,
  ['Timeline: drag', 'Go through the frames'],
  ['Timeline: wheel', 'Zoom in time; with Shift, move'],
  ['Timeline: Shift + drag', 'Mark a range to repeat'],
  ['Timeline: edge of a segment', 'Drag to another frame'],
];
