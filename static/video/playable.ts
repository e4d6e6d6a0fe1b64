/** What the player needs to know of a clip, and whom it asks: the wire's VideoInfo and the client fit in as they are. */

/** A part of GET /videos/{id}. */
export interface PlayableVideo {
  readonly width_px: number;
  readonly height_px: number;
  readonly frame_count: number;
  readonly duration_s: number;
  /** Mean frames per second. */
  readonly frame_rate: number;
  readonly is_constant_rate: boolean;
  /** Seconds, one a frame; null where the clip is too long for a JSON list. */
  readonly frame_times_s: readonly number[] | null;
  /** Width of a pixel by its height. Shown as square all the same: coordinates, shapes and pixels are one grid. */
  readonly pixel_aspect: number;
  /** Such as "avc1.640028". */
  readonly codec: string;
  /** base64 of the avcC box's content. */
  readonly description: string;
  /** "bt601" | "bt709" | "bt2020" */
  readonly matrix: string;
  readonly is_full_range: boolean;
  /** A key frame at least every so many frames; 1: every frame is one. */
  readonly gop: number;
}

/** Contiguous coded samples, as the file holds them. */
export interface CodedRange {
  readonly firstFrame: number;
  readonly frameCount: number;
  readonly bytes: ArrayBuffer;
}

export interface VideoApi {
  /** @param start with key frames farther apart the answer begins at the key frame at or before it; it may hold fewer than asked for. */
  samples(start: number, count: number, signal: AbortSignal): Promise<CodedRange>;
  /** The exact frame as a JPEG. */
  frameUrl(frame: number): string;
  /** Seconds, one a frame. */
  times(): Promise<Float64Array>;
}

/** Inclusive on both ends. */
export interface FrameRange {
  readonly first: number;
  readonly last: number;
}

export type Direction = 1 | -1;

/** Something about the clip cannot be shown. A sentence for a person. */
export class PlaybackError extends Error {}
