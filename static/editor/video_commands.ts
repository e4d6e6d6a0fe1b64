/** Every command of the video's key map, and what it does. */
import type { VideoCommand } from '../core/video_keymap';
import { STEP_FRAMES } from '../core/video_keymap';
import { FASTEST, SLOWEST, type VideoPlayer } from '../video/player';
import { sharedCommands, type SharedPageCommands } from './commands';
import type { ToolName } from './session.svelte';
import type { ToolBox } from './tool_box';
import type { VideoSession } from './video_session.svelte';

export interface VideoPageCommands extends SharedPageCommands {
  readonly player: () => VideoPlayer | null;
  /** The chosen speed, negative for backwards. */
  readonly speed: () => number;
  readonly setSpeed: (speed: number) => void;
  readonly toggleLoop: () => void;
}

const SPEED_STEP = 2;

export function videoCommandsFor(session: VideoSession, tools: ToolBox, page: VideoPageCommands): Readonly<Record<VideoCommand, () => void>> {
  /** The tool that N takes up again. */
  let lastTool: ToolName = 'rectangle';
  const player = page.player;

  const take = (tool: ToolName): void => {
    tools.take(tool);
    if (session.tool === tool && tool !== 'move' && tool !== 'select') lastTool = tool;
  };

  const playOrPause = (isBackwards: boolean): void => {
    if (player()?.isPlaying) return player()?.pause();
    tools.current.cancel();
    const speed = Math.abs(page.speed());
    player()?.play(isBackwards ? -speed : page.speed());
  };

  const faster = (factor: number): void => {
    const speed = page.speed();
    page.setSpeed(Math.sign(speed) * Math.min(FASTEST, Math.max(SLOWEST, Math.abs(speed) * factor)));
  };

  const toKeyframe = (step: 1 | -1): void => {
    const frame = session.keyframeBeside(step);
    if (frame === null) session.say(step > 0 ? 'There is no key frame after this one.' : 'There is no key frame before this one.');
    else void player()?.show(frame);
  };

  return {
    ...sharedCommands(session, tools, page),
    'tool.rectangle': () => take('rectangle'),
    'tool.polygon': () => take('polygon'),
    'tool.polyline': () => take('polyline'),
    'tool.point': () => take('point'),
    'draft.cancel': () => {
      session.redrawnId = null;
      session.segmentStart = null;
      tools.cancel();
    },
    'frame.next': () => void player()?.step(1),
    'frame.previous': () => void player()?.step(-1),
    'frame.forward': () => void player()?.step(STEP_FRAMES),
    'frame.back': () => void player()?.step(-STEP_FRAMES),
    'frame.first': () => void player()?.show(0),
    'frame.last': () => void player()?.show(session.lastFrame),
    'play.toggle': () => playOrPause(false),
    'play.reverse': () => playOrPause(true),
    'play.faster': () => faster(SPEED_STEP),
    'play.slower': () => faster(1 / SPEED_STEP),
    'play.loop': page.toggleLoop,
    'keyframe.toggle': () => session.toggleKeyframe(),
    'keyframe.next': () => toKeyframe(1),
    'keyframe.previous': () => toKeyframe(-1),
    'track.draw': () => {
      if (session.draft) return tools.finish();
      session.select([]);
      take(lastTool);
    },
    'track.redraw': () => {
      const tool = session.redraw();
      if (!tool) return;
      take(tool);
      session.say('Draw the shape that the track has on this frame.');
    },
    'track.outside': () => session.toggleOutside(),
    'track.occluded': () => session.toggleOccluded(),
    'track.end': () => session.toggleEnd(),
    'track.merge': () => session.merge(),
    'track.split': () => session.split(),
    'segment.start': () => session.startSegment(),
    'segment.end': () => session.endSegment(),
  };
}
