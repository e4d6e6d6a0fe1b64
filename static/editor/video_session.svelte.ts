/** One person at one video: the verbs of an editing session, said of the frame that is on the screen. */
import { isSegment, isTrack, newOverTime, type Annotation, type SegmentAnnotation, type StillAnnotation, type TrackAnnotation } from '../core/annotation';
import type { Transition } from '../core/changeset';
import { boundsOverlap, type Bounds, type Geometry } from '../core/geometry';
import { FrameView, type ShownAnnotation } from '../core/frame_view';
import { isShownAt, shapeAt } from '../core/interpolation';
import { DEFAULT_TIER, type Segment, type Track, type TrackShape } from '../core/track';
import {
  endAt,
  fixKeyframe,
  keyframeAt,
  merge,
  newTrack,
  putKeyframe,
  removeKeyframe,
  setOccluded,
  setOutside,
  split,
  TrackError,
  unend,
} from '../core/track_edit';
import type { VideoInfo } from '../core/wire';
import type { FrameRange } from '../video/playable';
import { newId } from './browser_ports';
import { prepare } from './prepared_shape';
import { EditorSession, type LineLook, type Revision, type SessionParts, type Subject, type ToolName } from './session.svelte';

/** Pixels of a video state no scale of their own: that of an ultrasound region is the region's. */
const subjectOf = (video: VideoInfo): VideoInfo & Subject => ({ ...video, mpp: null, mpp_x: null, mpp_y: null, objective_power: null });

const trackOf = (annotation: Annotation): Track | null => (isTrack(annotation) ? annotation.overTime : null);

export class VideoSession extends EditorSession<VideoInfo & Subject> {
  /** On the screen; −1 before the first. */
  frame = $state(-1);
  /** Whether a drawing is of this frame alone; otherwise it goes on. */
  isForOneFrame = $state(false);
  /** What a loop repeats, and what a new segment is of. */
  range = $state.raw<FrameRange | null>(null);
  /** The tier of the next segment. */
  tier = $state(DEFAULT_TIER);
  /** The track whose shape on this frame the next drawing replaces. */
  redrawnId = $state<string | null>(null);

  /** Where the next segment begins, if that was said. */
  segmentStart = $state<number | null>(null);

  readonly frames = new FrameView(this.store);

  constructor(parts: Omit<SessionParts<VideoInfo>, 'slide'> & { readonly video: VideoInfo }) {
    super({ ...parts, slide: subjectOf(parts.video) });
  }

  get video(): VideoInfo {
    return this.slide;
  }

  override get moment(): number {
    return this.frame;
  }

  override shownOf(annotation: Annotation): ShownAnnotation | null {
    return this.frames.shownOn(annotation.annotationId, this.frame);
  }

  override versionShown(annotation: Annotation): StillAnnotation | null {
    if (!isTrack(annotation)) return super.versionShown(annotation);
    const geometry = shapeAt(annotation.overTime, this.frame)?.geometry;
    return geometry ? { ...annotation, geometry } : null;
  }

  override shownIn(window: Bounds): readonly ShownAnnotation[] {
    return this.frames.at(this.frame).filter((shown) => boundsOverlap(prepare(shown).bounds, window));
  }

  override lookOf(annotationId: string): LineLook {
    const shown = this.frames.shownOn(annotationId, this.frame);
    return { isBetween: shown !== null && isTrack(shown.source) && !shown.isKeyframe, isOccluded: shown?.isOccluded === true };
  }

  override isBox({ annotationId }: Annotation): boolean {
    const annotation = this.store.get(annotationId);
    return annotation !== null && trackOf(annotation)?.shape === 'box';
  }

  // Drawing

  override draw(geometry: Geometry): void {
    const replaced = this.redrawnId === null ? undefined : this.store.get(this.redrawnId);
    this.redrawnId = null;
    if (replaced && trackOf(replaced)) {
      this.revise(new Map([[replaced.annotationId, { geometry }]]));
      this.select([replaced.annotationId]);
      return;
    }
    super.draw(geometry);
  }

  protected override labelled(geometry: Geometry): Annotation {
    const overTime = newTrack(this.#shapeOf(geometry), Math.max(0, this.frame), geometry, this.isForOneFrame);
    return newOverTime({ annotationId: newId(), classId: this.activeClassId, author: this.author, overTime });
  }

  #shapeOf(geometry: Geometry): TrackShape {
    if (this.tool === 'rectangle') return 'box';
    if (geometry.type === 'Point' || geometry.type === 'MultiPoint') return 'point';
    return geometry.type === 'LineString' ? 'polyline' : 'polygon';
  }

  /** Of a track, another shape is a key frame on the frame on the screen; what other frames say stays. */
  protected override revised(from: Annotation, revision: Partial<Revision>): Annotation {
    const { geometry, ...rest } = revision;
    const track = trackOf(from);
    if (!geometry || !track) return { ...from, ...revision };
    try {
      return { ...from, ...rest, overTime: putKeyframe(track, this.frame, geometry) };
    } catch (error) {
      if (!(error instanceof TrackError)) throw error;
      this.say(error.message, true);
      return { ...from, ...rest };
    }
  }

  // Tracks

  /** The tracks of the selection that may be changed. */
  get tracks(): TrackAnnotation[] {
    return this.editable.filter(isTrack);
  }

  /** Change the selected tracks, or say why not. */
  #change(verb: (track: Track) => Track | null): void {
    const { tracks } = this;
    if (tracks.length === 0) return this.#sayWhyNot();
    const transitions: Transition[] = [];
    for (const from of tracks) {
      const overTime = verb(from.overTime);
      if (overTime !== from.overTime) transitions.push({ from, to: overTime && { ...from, overTime, author: this.author } });
    }
    this.commit(transitions);
  }

  #sayWhyNot(): void {
    if (!this.canWrite) this.say(`${this.readOnlyBecause}.`, true);
    else if (this.selected.some(isTrack)) this.say('The track is locked. Unlock it first.', true);
    else this.say('Select a track first.', true);
  }

  /** Make this frame a key frame, or no longer one. */
  toggleKeyframe(): void {
    const { frame } = this;
    const areAll = this.tracks.every(({ overTime }) => keyframeAt(overTime, frame));
    this.#change((track) => {
      if (!areAll) return fixKeyframe(track, frame);
      if (track.keyframes.length > 1) return removeKeyframe(track, frame);
      this.say('This is the track’s only key frame. Delete removes the track.', true);
      return track;
    });
  }

  /** Out of the picture from here on, or back in it. */
  toggleOutside(): void {
    const isAnyShown = this.tracks.some(({ overTime }) => isShownAt(overTime, this.frame));
    this.#change((track) => setOutside(track, this.frame, isAnyShown));
  }

  toggleOccluded(): void {
    const isAnyFree = this.tracks.some((a) => this.shownOf(a)?.isOccluded === false);
    this.#change((track) => setOccluded(track, this.frame, isAnyFree));
  }

  /** The frame on the screen is the last one of it; one that has ended goes on. */
  toggleEnd(): void {
    const end = this.frame + 1;
    this.#change((track) => {
      if (track.endedFrame !== null && track.endedFrame <= end) return unend(track);
      if (this.frame >= track.keyframes[0]!.frame) return endAt(track, end);
      this.say('The track has not begun on this frame.', true);
      return track;
    });
  }

  /** Two tracks: up to the frame before, and from this one on. */
  split(): void {
    const { tracks } = this;
    if (tracks.length === 0) return this.#sayWhyNot();
    const transitions: Transition[] = [];
    for (const from of tracks) {
      const parts = split(from.overTime, this.frame);
      if (!parts) continue;
      transitions.push({ from, to: { ...from, overTime: parts[0], author: this.author } });
      transitions.push({ from: null, to: { ...from, annotationId: newId(), overTime: parts[1], author: this.author } });
    }
    if (transitions.length === 0) return this.say('A split needs something of the track on both sides of this frame.', true);
    this.commit(transitions);
    this.select(transitions.flatMap(({ from, to }) => (from ? [] : (to?.annotationId ?? []))));
  }

  /** One track of the two that are selected. */
  merge(): void {
    const [first, second, ...more] = this.tracks;
    if (!first || !second || more.length > 0) return this.say('Select the two tracks that are one.', true);
    try {
      const overTime = merge(first.overTime, second.overTime);
      this.commit([
        { from: first, to: { ...first, overTime, author: this.author } },
        { from: second, to: null },
      ]);
      this.select([first.annotationId]);
    } catch (error) {
      if (!(error instanceof TrackError)) throw error;
      this.say(error.message, true);
    }
  }

  /** The nearest key frame of the selection, or of all tracks, in a direction; null where there is none. */
  keyframeBeside(step: 1 | -1): number | null {
    const chosen = this.selected.filter(isTrack);
    return this.frames.keyframeBeside(this.frame, step, chosen.length > 0 ? chosen : undefined);
  }

  /** The next drawing is the selected track's shape on this frame. @returns the tool it is drawn with; null where nothing is to be drawn */
  redraw(): ToolName | null {
    const [track] = this.tracks;
    if (!track) {
      this.#sayWhyNot();
      return null;
    }
    this.redrawnId = track.annotationId;
    const { shape } = track.overTime;
    return shape === 'box' ? 'rectangle' : shape;
  }

  // Segments

  /** Begin a segment on this frame, or let the selected one begin here. */
  startSegment(): void {
    if (!this.canWrite) return this.#sayWhyNot();
    const chosen = this.#chosenSegment;
    if (chosen && this.frame <= this.lastFrameOf(chosen)) return this.moveSegment(chosen.annotationId, this.frame, this.lastFrameOf(chosen));
    this.select([]);
    this.segmentStart = this.frame;
    this.say(`A segment begins on frame ${this.frame}. Go to its last frame and end it there.`);
  }

  /** End the segment that was begun, or the selected one, with this frame. */
  endSegment(): void {
    if (!this.canWrite) return this.#sayWhyNot();
    const start = this.segmentStart;
    const chosen = this.#chosenSegment;
    if (start === null && chosen && this.frame >= chosen.overTime.startFrame) return this.moveSegment(chosen.annotationId, chosen.overTime.startFrame, this.frame);
    if (start === null) return this.say('Say first on which frame the segment begins.', true);
    this.addSegment(Math.min(start, this.frame), Math.max(start, this.frame));
  }

  /** A stretch of time of the active class. @param endFrame inclusive; null for "to the end" */
  addSegment(startFrame: number, endFrame: number | null): void {
    const overTime: Segment = { kind: 'segment', startFrame, endFrame, tier: this.tier.trim() || DEFAULT_TIER };
    this.segmentStart = null;
    const segment = newOverTime({ annotationId: newId(), classId: this.activeClassId, author: this.author, overTime });
    this.commit([{ from: null, to: segment }]);
    this.select([segment.annotationId]);
  }

  moveSegment(annotationId: string, startFrame: number, endFrame: number): void {
    const from = this.store.get(annotationId);
    if (!from || !isSegment(from) || from.isLocked) return;
    // What goes to the end still does when only its start was moved.
    const isToTheEnd = from.overTime.endFrame === null && endFrame >= this.lastFrame;
    this.commit([{ from, to: { ...from, overTime: { ...from.overTime, startFrame, endFrame: isToTheEnd ? null : endFrame }, author: this.author } }]);
  }

  get #chosenSegment(): SegmentAnnotation | null {
    const segments = this.editable.filter(isSegment);
    return segments.length === 1 ? segments[0]! : null;
  }

  get lastFrame(): number {
    return this.video.frame_count - 1;
  }

  lastFrameOf({ overTime }: SegmentAnnotation): number {
    return overTime.endFrame ?? this.lastFrame;
  }

  /** Where a label begins: what going to it goes to. Null for what is on every frame. */
  firstFrameOf({ overTime }: Annotation): number | null {
    if (!overTime) return null;
    return overTime.kind === 'segment' ? overTime.startFrame : overTime.keyframes[0]!.frame;
  }
}
