import type { Command } from '../core/keymap';
import type { SlideView } from '../slide/slide_view';
import type { EditorSession } from './session.svelte';
import type { ToolBox } from './tool_box';

const PAN_STEP_PX = 120;
const ZOOM_STEP = 1.4;
const TURN_STEP_DEGREES = 15;

/** What only the page can do. */
export interface PageCommands {
  /** Null until the slide is open. */
  readonly view: () => SlideView | null;
  readonly editName: () => void;
  readonly togglePanel: () => void;
  readonly toggleHelp: () => void;
  readonly toggleFullScreen: () => void;
  readonly askPlace: () => void;
  readonly toggleBeside: () => void;
  readonly toggleColours: () => void;
  readonly takePicture: () => void;
  readonly toggleAbout: () => void;
}

export function goToSelection(session: EditorSession, view: SlideView | null): void {
  const bounds = session.boundsOfSelection();
  if (bounds) view?.fit(bounds);
}

/** Every command of the key map, and what it does. */
export function commandsFor(session: EditorSession, tools: ToolBox, page: PageCommands): Readonly<Record<Command, () => void>> {
  const visible = () => [...session.store.all.values()].filter((a) => session.isVisible(a));
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
    'edit.selectAll': () => session.select(visible().map((a) => a.annotationId)),
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
    'view.turnLeft': () => page.view()?.turnBy(-TURN_STEP_DEGREES),
    'view.turnRight': () => page.view()?.turnBy(TURN_STEP_DEGREES),
    'view.upright': () => page.view()?.turnTo(0),
    'view.goTo': page.askPlace,
    'view.beside': page.toggleBeside,
    'view.colours': page.toggleColours,
    'view.picture': page.takePicture,
    'view.about': page.toggleAbout,
  };
}
