/** The JSON of slides, videos, ontologies and annotations, exactly as /api/v1 writes it. */
import type { Geometry } from './geometry';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Who is signed in, as far as the editor cares. */
export interface WorkspaceUser {
  account_id: string;
  username: string;
  /** Names such as "asset.list", "annotation.write". */
  permissions: readonly string[];
}

export interface SlideLevel {
  level: number;
  width_px: number;
  height_px: number;
  downsample: number;
  cols: number;
  rows: number;
  encoding: string;
  quality: number | null;
}

export interface SlideInfo {
  asset_id: string;
  width_px: number;
  height_px: number;
  tile_size_px: number;
  /** µm per level-0 pixel; null where the file does not say. */
  mpp: number | null;
  mpp_x: number | null;
  mpp_y: number | null;
  objective_power: number | null;
  levels: SlideLevel[];
  dzi_url: string;
  tiles_url: string;
  thumbnail_url: string | null;
  deepzoom_level_count: number;
  /** Such as "aperio-svs". */
  source_format?: string;
  /** What was chosen where the source left a choice; sentences. */
  remarks?: readonly string[];
  /** 33³ RGB triples, or null where the slide has no colour profile. */
  colour_lut_url?: string | null;
  region_url?: string;
}

/** A rectangle of an ultrasound picture and what its pixels measure (DICOM PS3.3 C.8.5.5). Frame px; units and types by the standard's codes. */
export interface VideoRegion {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
  spatial_format: number;
  data_type: number;
  unit_x: number;
  unit_y: number;
  delta_x: number;
  delta_y: number;
  reference_x_px: number | null;
  reference_y_px: number | null;
}

export interface VideoInfo {
  asset_id: string;
  width_px: number;
  height_px: number;
  frame_count: number;
  duration_s: number;
  /** Mean frames per second. */
  frame_rate: number;
  is_constant_rate: boolean;
  /** Seconds, one a frame; null where there are too many for a list: `times_url` has them. */
  frame_times_s: number[] | null;
  times_url: string;
  /** Width of a pixel by its height. */
  pixel_aspect: number;
  /** As WebCodecs wants it, such as "avc1.640028". */
  codec: string;
  /** base64 of the avcC box's content. */
  description: string;
  sampling: string;
  /** "bt601" | "bt709" | "bt2020" */
  matrix: string;
  is_full_range: boolean;
  /** A key frame at least every so many frames; 1: every frame is one. */
  gop: number;
  regions: VideoRegion[];
  source_format: string;
  /** What was chosen where the source left a choice; sentences. */
  remarks: string[];
  /** What of the source could not be kept; sentences. */
  losses: string[];
  frames_url: string;
  samples_url: string;
  strip_url: string;
  thumbnail_url: string;
}

/** A class as an admin writes it; `class_id` is absent or null for a new one. */
export interface LabelClassDraft {
  class_id?: string | null;
  name: string;
  /** "#rrggbb" */
  color: string;
  hotkey: string | null;
  description: string;
  position: number;
  is_archived: boolean;
}

export interface LabelClassWire extends LabelClassDraft {
  class_id: string;
}

export interface OntologyWire {
  revision: number;
  classes: LabelClassWire[];
}

/** A key frame as the server writes it; coming in, only the first two are needed. */
export interface KeyframeWire {
  frame: number;
  geometry: Geometry;
  is_outside?: boolean;
  is_occluded?: boolean;
  attributes?: { [key: string]: Json };
}

export interface TrackWire {
  shape: 'box' | 'point' | 'polyline' | 'polygon';
  keyframes: KeyframeWire[];
  /** The first frame on which it is no more. */
  ended_frame?: number | null;
}

export interface SegmentWire {
  start_frame: number;
  /** Inclusive; null for "to the end". */
  end_frame?: number | null;
  tier?: string;
}

export interface FeatureProperties {
  class_id: string | null;
  layer: string;
  name: string;
  is_locked: boolean;
  extra: { [key: string]: Json };
  /** A label over time has one of these two, and no geometry of its own. */
  track?: TrackWire | null;
  segment?: SegmentWire | null;
  /** Only where one frame was asked for, and then in place of `track`: the geometry is what the track is there. */
  at?: { frame: number; is_keyframe: boolean; is_occluded: boolean; attributes: { [key: string]: Json } } | null;
  /** The rest is the server's to say; it is never sent. */
  author?: string | null;
  created_at?: string | null;
  updated_at?: string | null;
  revision?: number | null;
}

export interface Feature {
  type: 'Feature';
  id: string;
  geometry: Geometry | null;
  properties: FeatureProperties;
}

export interface AnnotationCollection {
  type: 'FeatureCollection';
  features: Feature[];
  revision: number;
}

/** A ChangeSet as it is sent. */
export interface ChangeRequest {
  change_id: string;
  created: Feature[];
  updated: Feature[];
  deleted: string[];
}

export interface ChangeReceipt {
  revision: number;
  change_id: string;
  committed_at: string;
}

export interface CommittedChangeWire extends ChangeRequest {
  revision: number;
  author: string | null;
  committed_at: string;
}

export interface ChangeLog {
  revision: number;
  changes: CommittedChangeWire[];
}

export interface ImportResult {
  revision: number;
  created: number;
  classes_created: (string | { name: string })[];
  /** What the file held that we cannot keep, one sentence each. */
  losses: string[];
}

/** A file's content, as far as the core needs to know: a Blob in the browser. */
export interface FileContent {
  readonly size: number;
  readonly type: string;
  text(): Promise<string>;
}

/** A slide as a list offers it. */
export interface SlideChoice {
  asset_id: string;
  /** "slide", "video" or, before its file was looked into, "unknown". */
  kind?: string;
  case_id: string | null;
  case_name: string | null;
  width_px: number | null;
  height_px: number | null;
  objective_power: number | null;
  thumbnail_url: string | null;
}

/** What the slide workspace needs from a server; `api/client.ts` speaks it over HTTP. A failed call throws what problemOf() reads. */
export interface WorkspaceApi {
  getAsset(assetId: string): Promise<{ case_id: string | null; case_name: string | null; state: string }>;
  listAssets(query: { state?: 'released'; limit?: number; cursor?: string | null }): Promise<{ items: readonly SlideChoice[]; next_cursor: string | null }>;
  getBytes(url: string): Promise<ArrayBuffer>;
  getSlide(assetId: string): Promise<SlideInfo>;
  getOntology(): Promise<OntologyWire>;
  getAnnotations(assetId: string): Promise<AnnotationCollection>;
  postChange(assetId: string, revision: number, change: ChangeRequest): Promise<ChangeReceipt>;
  changesSince(assetId: string, revision: number): Promise<ChangeLog>;
  exportUrl(assetId: string, format: string): string;
  importAnnotations(assetId: string, format: string, file: FileContent): Promise<ImportResult>;
}
