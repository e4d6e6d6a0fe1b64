import type { Command } from '../core/keymap';
import type { ToolName } from './session.svelte';
import type { ToolIconName } from './tool_icons';

export interface ToolEntry {
  readonly name: ToolName;
  readonly label: string;
  readonly command: Command;
  readonly icon: ToolIconName;
  readonly draws: boolean;
  /** What to do next, for the status line. */
  readonly hint: string;
}

export const TOOLS: readonly ToolEntry[] = [
  { name: 'move', label: 'Move', command: 'tool.move', icon: 'move', draws: false, hint: 'Drag to pan, wheel to zoom, click to select.' },
  { name: 'select', label: 'Select', command: 'tool.select', icon: 'select', draws: false, hint: 'Drag a shape or its points; Alt and click on an edge adds a point.' },
  { name: 'rectangle', label: 'Rectangle', command: 'tool.rectangle', icon: 'rectangle', draws: true, hint: 'Drag from corner to corner; Shift for a square.' },
  { name: 'polygon', label: 'Polygon', command: 'tool.polygon', icon: 'polygon', draws: true, hint: 'Click points or draw freehand; double click or Enter closes.' },
  { name: 'point', label: 'Points', command: 'tool.point', icon: 'point', draws: true, hint: 'Each click sets a point; drag pans.' },
];
