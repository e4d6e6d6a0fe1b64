import type { Position } from '../core/geometry';
import type { EditorSession, ToolName } from './session.svelte';
import { TOOLS } from './tool_names';
import { MoveTool } from './tools/move_tool';
import { PointTool } from './tools/point_tool';
import { OutlineTool } from './tools/outline_tool';
import { RectangleTool } from './tools/rectangle_tool';
import { SelectTool } from './tools/select_tool';
import type { Tool } from './tools/tool';

/** The tools of one workspace, and what the keys mean that depend on the one in hand. */
export class ToolBox {
  readonly #session: EditorSession;
  readonly #polygon: OutlineTool;
  readonly #polyline: OutlineTool;
  readonly #select: SelectTool;
  readonly #tools: Readonly<Record<ToolName, Tool>>;

  /** @param keepDraft called with an unfinished outline's points after every one of them */
  constructor(session: EditorSession, keepDraft: (positions: readonly Position[]) => void) {
    this.#session = session;
    this.#polygon = new OutlineTool(session, keepDraft);
    // An open line is a few clicks: only a polygon, which may be long work, outlives a reload.
    this.#polyline = new OutlineTool(session, () => undefined, false);
    this.#select = new SelectTool(session);
    this.#tools = {
      move: new MoveTool(session),
      select: this.#select,
      rectangle: new RectangleTool(session),
      polygon: this.#polygon,
      polyline: this.#polyline,
      point: new PointTool(session),
    };
  }

  get current(): Tool {
    return this.#tools[this.#session.tool];
  }

  /** The tool that draws what is under way. */
  get #drawing(): OutlineTool | null {
    const { draft } = this.#session;
    if (draft?.kind !== 'outline') return null;
    return draft.isClosed ? this.#polygon : this.#polyline;
  }

  take(name: ToolName): void {
    const session = this.#session;
    const draws = TOOLS.some((tool) => tool.name === name && tool.draws);
    if (draws && !session.canWrite) return session.say(`${session.readOnlyBecause}.`, true);
    if (name === session.tool) return;
    this.current.cancel();
    // An outline under way is given up by Escape only, never by reaching for another tool.
    if (this.#drawing) return session.say('Finish the outline with Enter, or give it up with Esc.', true);
    session.tool = name;
    session.chosenVertex = null;
    session.hint = null;
  }

  finish(): void {
    this.#drawing?.finish();
  }

  /** The last point, the chosen point, or the selection. */
  erase(): void {
    if (this.#drawing) this.#drawing.removeLast();
    else if (!(this.#session.tool === 'select' && this.#select.removeVertex())) this.#session.deleteSelected();
  }

  undo(): void {
    if (this.#drawing) this.#drawing.removeLast();
    else this.#session.undo();
  }

  /** One step back towards nothing: the drawing, the gesture, the point, the selection, the tool. */
  cancel(): void {
    const session = this.#session;
    if (this.#drawing) this.#drawing.abandon();
    else if (session.draft || session.preview.size > 0 || session.marquee) this.current.cancel();
    else if (session.chosenVertex) session.chosenVertex = null;
    else if (session.selection.size > 0) session.select([]);
    else if (session.tool !== 'move') this.take('move');
    session.hint = null;
  }

  /** Go on with an outline from before a reload. */
  restore(positions: readonly Position[]): void {
    if (positions.length === 0 || !this.#session.canWrite || this.#session.draft) return;
    this.#session.tool = 'polygon';
    this.#polygon.restore(positions);
    this.#session.say('Your unfinished outline is back: go on drawing, or give it up with Esc.');
  }
}
