/** Wire types of the review before a release: what the scrub found, its pictures, and what a person changes about it. */

export type FindingReason = 'outside_regions' | 'outside_sector' | 'text' | 'out_of_body' | 'label' | 'reviewer';

/** What a box counts: pixels of the asset (frame px, level-0 px), or of the source's picture of the whole glass. */
export type Space = 'asset' | 'macro';

/** x1 and y1 are beyond the last column and row. Frames: both included; null: from the first, to the last. */
export interface ReviewBox {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
  readonly first_frame: number | null;
  readonly last_frame: number | null;
}

export interface Finding extends ReviewBox {
  readonly reason: FindingReason;
  /** false: it was only pointed out. */
  readonly is_masked: boolean;
  /** How sure the detector was, 0 to 1; null where nothing was measured. */
  readonly score: number | null;
  readonly space: Space;
}

export interface ReviewPicture {
  /** Such as "minimum", "frame-120", "thumbnail", "macro". */
  readonly name: string;
  /** null where it is of many frames, or of a slide. */
  readonly frame: number | null;
  readonly width_px: number;
  readonly height_px: number;
  /** Pixels of its space per pixel of the picture. */
  readonly scale: number;
  readonly space: Space;
  /** null once the original is gone. */
  readonly before_url: string | null;
  /** null where the result has no such picture. */
  readonly after_url: string | null;
}

export interface Signature {
  readonly by: string;
  readonly at: string;
}

export interface ProfileChoice {
  readonly name: string;
  readonly description: string;
}

export interface Review {
  readonly asset_id: string;
  readonly case_name: string | null;
  readonly kind: 'slide' | 'video';
  readonly state: string;
  readonly width_px: number | null;
  readonly height_px: number | null;
  readonly frame_count: number | null;
  /** Of the file that is looked at, and that a signature is for. */
  readonly canonical_sha256: string | null;
  readonly profile: string | null;
  readonly profiles: readonly ProfileChoice[];
  readonly material: string | null;
  readonly detector: string | null;
  readonly pictures: readonly ReviewPicture[];
  readonly findings: readonly Finding[];
  /** Outlines of what stays of an ultrasound picture, frame px. */
  readonly kept: readonly (readonly (readonly [number, number])[])[] | null;
  readonly added: readonly ReviewBox[];
  readonly removed: readonly ReviewBox[];
  readonly signatures: readonly Signature[];
  readonly signatures_needed: number;
  readonly can_sign: boolean;
  readonly why_not: string | null;
  readonly losses: readonly string[];
  readonly report_url: string | null;
  readonly subject: string | null;
  readonly acquired_on: string | null;
}

/** add and remove replace what was asked for earlier. profile null: as before. */
export interface ScrubRequest {
  readonly profile: string | null;
  readonly add: readonly ReviewBox[];
  readonly remove: readonly ReviewBox[];
}

export type RejectReason = 'identity-visible' | 'wrong-file' | 'poor-quality' | 'other';

export interface DeidPolicy {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
  readonly profiles: readonly ProfileChoice[];
}
