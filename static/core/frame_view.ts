/** What is to be seen on one frame of a video: labels over time as the still shapes that they are there. */
import { hasShape, isSegment, isTrack, type Annotation, type SegmentAnnotation, type StillAnnotation, type TrackAnnotation } from './annotation';
import { prepareBetween, shapeAt } from './interpolation';
import { SpatialIndex } from './spatial_index';
import type { AnnotationStore, AppliedChange } from './store';
import type { Json } from './wire';

/** A label as it is on a frame, under its own id. Not to be committed: `source` is what was drawn. */
export interface ShownAnnotation extends StillAnnotation {
  /** The label as it is stored; a still shape is its own source. */
  readonly source: Annotation;
  /** Whether a person said so of this very frame, rather than we. */
  readonly isKeyframe: boolean;
  readonly isOccluded: boolean;
  readonly attributes: Readonly<Record<string, Json>>;
}

/** "To the end", as a number that an index can hold: no video has so many frames. */
const NO_END = 2 ** 40;

/**
 * Follows a store. Finding what is there on a frame takes the same time whatever the number of tracks elsewhere, and a change
 * costs no more than what it touches.
 */
export class FrameView {
  readonly #store: AnnotationStore;
  readonly #stop: () => void;
  /** Of tracks and segments: the first and the last frame as x. */
  readonly #spans = new SpatialIndex();
  readonly #stills = new Map<string, ShownAnnotation>();
  /** The newest shape of each track: handed out again while it stays the same, so that whoever draws it can keep what it made of it. */
  readonly #derived = new Map<string, ShownAnnotation>();
  /** Drawing order: the older lies below. */
  readonly #rank = new Map<string, number>();
  #nextRank = 0;
  #tracks: readonly TrackAnnotation[] | null = null;
  #tiers: ReadonlyMap<string, readonly SegmentAnnotation[]> | null = null;
  #newest: { readonly frame: number; readonly shown: readonly ShownAnnotation[] } | null = null;

  constructor(store: AnnotationStore) {
    this.#store = store;
    for (const annotation of store.all.values()) this.#take(annotation);
    this.#stop = store.subscribe((applied) => this.#follow(applied));
  }

  close(): void {
    this.#stop();
  }

  /** What is there, the older first. The same array until something changes. */
  at(frame: number): readonly ShownAnnotation[] {
    if (this.#newest?.frame === frame) return this.#newest.shown;
    const shown = [...this.#stills.values(), ...this.#over(frame).flatMap((id) => this.shownOn(id, frame) ?? [])];
    shown.sort((a, b) => this.#rank.get(a.annotationId)! - this.#rank.get(b.annotationId)!);
    this.#newest = { frame, shown };
    return shown;
  }

  /**
   * Make ready what the frames first … last will need, so that playing does not stop where many tracks have a key frame at once.
   * To be called where there is time: a pair of outlines takes about half a millisecond, one that must be blended ten.
   * @param mayGoOn asked before each; false: that is enough for now
   * @returns whether all is ready
   */
  prepare(first: number, last: number, mayGoOn: () => boolean): boolean {
    for (const id of this.#spans.search({ minX: first, maxX: last, minY: 0, maxY: 0 })) {
      const annotation = this.#store.get(id);
      if (annotation && isTrack(annotation) && !prepareBetween(annotation.overTime, first, last, mayGoOn)) return false;
    }
    return true;
  }

  /** One label as it is on a frame; null where it is not to be seen. */
  shownOn(annotationId: string, frame: number): ShownAnnotation | null {
    const still = this.#stills.get(annotationId);
    if (still) return still;
    const source = this.#store.get(annotationId);
    if (!source || !isTrack(source)) return null;
    const shown = shapeAt(source.overTime, frame);
    if (!shown?.geometry) return null;
    const { geometry, isKeyframe, isOccluded, attributes } = shown;
    const known = this.#derived.get(annotationId);
    const isKnown = known?.geometry === geometry && known.isKeyframe === isKeyframe && known.isOccluded === isOccluded;
    if (isKnown && known.attributes === attributes) return known;
    const derived: ShownAnnotation = { ...source, geometry, overTime: null, source, isKeyframe, isOccluded, attributes };
    this.#derived.set(annotationId, derived);
    return derived;
  }

  /** The segments that cover a frame, by tier and then by their start. */
  segmentsAt(frame: number): readonly SegmentAnnotation[] {
    const covering = new Set(this.#over(frame));
    return [...this.segmentsByTier().values()].flat().filter((segment) => covering.has(segment.annotationId));
  }

  /** Tiers in the order of the alphabet, the segments of each by their start. The same map until a segment changes. */
  segmentsByTier(): ReadonlyMap<string, readonly SegmentAnnotation[]> {
    if (this.#tiers) return this.#tiers;
    const segments = [...this.#store.all.values()].filter(isSegment);
    segments.sort((a, b) => compareText(a.overTime.tier, b.overTime.tier) || a.overTime.startFrame - b.overTime.startFrame || this.#byRank(a, b));
    const tiers = new Map<string, SegmentAnnotation[]>();
    for (const segment of segments) {
      const tier = tiers.get(segment.overTime.tier);
      if (tier) tier.push(segment);
      else tiers.set(segment.overTime.tier, [segment]);
    }
    return (this.#tiers = tiers);
  }

  /** All tracks by their first frame, with their key frames as `overTime.keyframes`. The same array until a track changes. */
  tracks(): readonly TrackAnnotation[] {
    this.#tracks ??= [...this.#store.all.values()].filter(isTrack).sort((a, b) => firstFrame(a) - firstFrame(b) || this.#byRank(a, b));
    return this.#tracks;
  }

  /** The nearest frame before (−1) or after (1) at which any of these tracks, or any at all, has a key frame; null where there is none. */
  keyframeBeside(frame: number, step: 1 | -1, tracks: Iterable<TrackAnnotation> = this.tracks()): number | null {
    let best: number | null = null;
    for (const { overTime } of tracks) {
      for (const keyframe of overTime.keyframes) {
        const isBeyond = (keyframe.frame - frame) * step > 0;
        if (isBeyond && (best === null || (keyframe.frame - best) * step < 0)) best = keyframe.frame;
      }
    }
    return best;
  }

  #over = (frame: number): string[] => this.#spans.search({ minX: frame, maxX: frame, minY: 0, maxY: 0 });

  #byRank = (a: Annotation, b: Annotation): number => this.#rank.get(a.annotationId)! - this.#rank.get(b.annotationId)!;

  #follow({ change, before }: AppliedChange): void {
    this.#newest = null;
    for (const old of before.values()) this.#forget(old);
    for (const id of change.deleted) this.#rank.delete(id);
    for (const annotation of [...change.created, ...change.updated]) this.#take(annotation);
  }

  #forget(old: Annotation): void {
    this.#spans.delete(old.annotationId);
    this.#stills.delete(old.annotationId);
    this.#derived.delete(old.annotationId);
    this.#listsWithoutOf(old);
  }

  #take(annotation: Annotation): void {
    const { annotationId } = annotation;
    if (!this.#rank.has(annotationId)) this.#rank.set(annotationId, this.#nextRank++);
    this.#listsWithoutOf(annotation);
    if (hasShape(annotation)) {
      this.#stills.set(annotationId, { ...annotation, source: annotation, isKeyframe: false, isOccluded: false, attributes: {} });
    } else {
      const [first, last] = spanOf(annotation);
      this.#spans.set(annotationId, { minX: first, maxX: last, minY: 0, maxY: 0 });
    }
  }

  #listsWithoutOf(annotation: Annotation): void {
    if (isTrack(annotation)) this.#tracks = null;
    if (isSegment(annotation)) this.#tiers = null;
  }
}

const firstFrame = (annotation: TrackAnnotation): number => annotation.overTime.keyframes[0]!.frame;

/** The first and the last frame of a label over time; a still one is on all. */
function spanOf({ overTime }: Annotation): readonly [number, number] {
  if (overTime?.kind === 'segment') return [overTime.startFrame, overTime.endFrame ?? NO_END];
  if (overTime?.kind === 'track') return [overTime.keyframes[0]!.frame, overTime.endedFrame === null ? NO_END : overTime.endedFrame - 1];
  return [0, NO_END];
}

/** Not by the reader's language: a tier must not move when someone else looks. */
const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
