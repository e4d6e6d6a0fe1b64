import type { ToolName } from './session.svelte';
import type { ToolIconName } from './tool_icons';

export interface ToolEntry<Name extends ToolName = ToolName> {
  readonly name: Name;
  readonly label: string;
  readonly command: `tool.${Name}`;
  readonly icon: ToolIconName;
  readonly draws: boolean;
  /** What to do next, for the status line. */
  readonly hint: string;
}

const ENTRIES: { readonly [Name in ToolName]: ToolEntry<Name> } = {
  move: { name: 'move', label: 'Move', command: 'tool.move', icon: 'move', draws: false, hint: 'Drag to pan, wheel to zoom, click to select.' },
  select: { name: 'select', label: 'Select', command: 'tool.select', icon: 'select', draws: false, hint: 'Drag a shape or its points; Alt and click on an edge adds a point.' },
  rectangle: { name: 'rectangle', label: 'Rectangle', command: 'tool.rectangle', icon: 'rectangle', draws: true, hint: 'Drag from corner to corner; Shift for a square.' },
  polygon: { name: 'polygon', label: 'Polygon', command: 'tool.polygon', icon: 'polygon', draws: true, hint: 'Click points or draw freehand; double click or Enter closes.' },
  polyline: { name: 'polyline', label: 'Line', command: 'tool.polyline', icon: 'polyline', draws: true, hint: 'Click points or draw freehand; double click or Enter ends the line.' },
  point: { name: 'point', label: 'Points', command: 'tool.point', icon: 'point', draws: true, hint: 'Each click sets a point; drag pans.' },
};

export const hintOf = (name: ToolName): string => ENTRIES[name].hint;

const { move, select, rectangle, polygon, polyline, point } = ENTRIES;

export const TOOLS = [move, select, rectangle, polygon, point] as const;

export const VIDEO_TOOLS: readonly ToolEntry[] = [move, select, { ...rectangle, label: 'Box' }, polygon, polyline, point];
