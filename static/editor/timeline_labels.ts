/** The labels of a video as the rows of its timeline. */
import { isTrack } from '../core/annotation';
import type { SegmentBar, TrackRow } from '../video/timeline_rows';
import type { VideoSession } from './video_session.svelte';

/** Reads the session's version, selection and classes: another array whenever one of them changes. */
export function trackRows(session: VideoSession): readonly TrackRow[] {
  void session.version;
  const { ontology, selection } = session;
  return session.frames.tracks().map((track) => ({
    id: track.annotationId,
    name: track.name || ontology.nameOf(track.classId),
    color: ontology.colorOf(track.classId),
    keyframes: track.overTime.keyframes,
    endedFrame: track.overTime.endedFrame,
    isSelected: selection.has(track.annotationId),
    isLocked: track.isLocked || !session.canWrite,
  }));
}

export function segmentBars(session: VideoSession): readonly SegmentBar[] {
  void session.version;
  const { ontology, selection } = session;
  return [...session.frames.segmentsByTier().values()].flat().map((segment) => ({
    id: segment.annotationId,
    name: segment.name || ontology.nameOf(segment.classId),
    color: ontology.colorOf(segment.classId),
    startFrame: segment.overTime.startFrame,
    endFrame: segment.overTime.endFrame,
    tier: segment.overTime.tier,
    isSelected: selection.has(segment.annotationId),
    isLocked: segment.isLocked || !session.canWrite,
  }));
}

/** What a label over time is, in a few words. */
export function kindOfLabel(session: VideoSession, annotation: Parameters<VideoSession['firstFrameOf']>[0]): string {
  const { overTime } = annotation;
  if (!overTime) return 'Shape on every frame';
  if (overTime.kind === 'segment') {
    const isWhole = overTime.startFrame === 0 && (overTime.endFrame ?? session.lastFrame) >= session.lastFrame;
    return isWhole ? 'Whole video' : `Segment ${overTime.startFrame} – ${overTime.endFrame ?? 'end'}`;
  }
  const name = { box: 'Box', point: 'Point', polyline: 'Line', polygon: 'Polygon' }[overTime.shape];
  const first = overTime.keyframes[0]!.frame;
  if (overTime.endedFrame === first + 1) return `${name}, frame ${first}`;
  return `${name} ${first} – ${isTrack(annotation) && overTime.endedFrame !== null ? overTime.endedFrame - 1 : 'end'}, ${overTime.keyframes.length === 1 ? '1 key frame' : `${overTime.keyframes.length} key frames`}`;
}
