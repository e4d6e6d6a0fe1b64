import type { Bounds } from '../core/geometry';
import type { Command } from '../core/keymap';
import type { VideoCommand } from '../core/video_keymap';
import type { SlideView } from '../slide/slide_view';
import type { EditorSession } from './session.svelte';
import type { ToolBox } from './tool_box';

type SharedCommand = Extract<Command, VideoCommand>;

const PAN_STEP_PX = 120;
const ZOOM_STEP = 1.4;
const TURN_STEP_DEGREES = 15;

/** What the commands ask of whatever shows the image. */
export interface CommandedView {
  panBy(dxPx: number, dyPx: number): void;
  zoomBy(factor: number): void;
  home(): void;
  fit(bounds: Bounds): void;
}

/** What only the page can do, of slides and of videos. */
export interface SharedPageCommands {
  /** Null until the image is open. */
  readonly view: () => CommandedView | null;
  readonly editName: () => void;
  readonly togglePanel: () => void;
  readonly toggleHelp: () => void;
  readonly toggleFullScreen: () => void;
  readonly askPlace: () => void;
  readonly toggleColours: () => void;
  readonly takePicture: () => void;
  readonly toggleAbout: () => void;
}

export interface PageCommands extends SharedPageCommands {
  readonly view: () => SlideView | null;
  readonly toggleBeside: () => void;
}

export function goToSelection(session: EditorSession, view: CommandedView | null): void {
  const bounds = session.boundsOfSelection();
  if (bounds) view?.fit(bounds);
}

/** The commands that slides and videos share, and what they do. */
export function sharedCommands(session: EditorSession, tools: ToolBox, page: SharedPageCommands): Readonly<Record<SharedCommand, () => void>> {
  return {
    'tool.move': () => tools.take('move'),
    'tool.select': () => tools.take('select'),
    'tool.rectangle': () => tools.take('rectangle'),
    'tool.polygon': () => tools.take('polygon'),
    'tool.point': () => tools.take('point'),
    'draft.finish': () => tools.finish(),
    'draft.cancel': () => tools.cancel(),
    erase: () => tools.erase(),
    'edit.undo': () => tools.undo(),
    'edit.redo': () => session.redo(),
    'edit.selectAll': () => session.selectAll(),
    'edit.lock': () => session.toggleLocked(),
    'edit.name': page.editName,
    'edit.noClass': () => session.setClass(null),
    'select.next': () => session.selectNeighbour(1),
    'select.previous': () => session.selectNeighbour(-1),
    'show.annotations': () => (session.areShown = !session.areShown),
    'show.fill': () => (session.areFilled = !session.areFilled),
    'show.names': () => (session.areNamed = !session.areNamed),
    'show.panel': page.togglePanel,
    'show.help': page.toggleHelp,
    'view.left': () => page.view()?.panBy(-PAN_STEP_PX, 0),
    'view.right': () => page.view()?.panBy(PAN_STEP_PX, 0),
    'view.up': () => page.view()?.panBy(0, -PAN_STEP_PX),
    'view.down': () => page.view()?.panBy(0, PAN_STEP_PX),
    'view.zoomIn': () => page.view()?.zoomBy(ZOOM_STEP),
    'view.zoomOut': () => page.view()?.zoomBy(1 / ZOOM_STEP),
    'view.home': () => page.view()?.home(),
    'view.fullScreen': page.toggleFullScreen,
    'view.selection': () => goToSelection(session, page.view()),
    'view.goTo': page.askPlace,
    'view.colours': page.toggleColours,
    'view.picture': page.takePicture,
    'view.about': page.toggleAbout,
  };
}

/** Every command of the slide's key map. */
export function commandsFor(session: EditorSession, tools: ToolBox, page: PageCommands): Readonly<Record<Command, () => void>> {
  return {
    ...sharedCommands(session, tools, page),
    'view.turnLeft': () => page.view()?.turnBy(-TURN_STEP_DEGREES),
    'view.turnRight': () => page.view()?.turnBy(TURN_STEP_DEGREES),
    'view.upright': () => page.view()?.turnTo(0),
    'view.beside': page.toggleBeside,
  };
}
