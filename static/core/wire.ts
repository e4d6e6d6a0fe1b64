/** The JSON that travels between browser and server, exactly as /api/v1 writes it. Nothing else in the browser spells these names. */
import type { Geometry } from './geometry';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export type Role = 'admin' | 'privacy_officer' | 'reviewer' | 'annotator' | 'auditor';

export interface User {
  account_id: string;
  username: string;
  role: Role;
  /** Names such as "asset.list", "annotation.write". */
  permissions: string[];
}

export type AssetState =
  | 'uploading'
  | 'quarantined'
  | 'converting'
  | 'verifying'
  | 'awaiting_release'
  | 'released'
  | 'refused'
  | 'discarded';

export interface AssetProgress {
  stage: string;
  done: number;
  total: number;
  eta_s: number | null;
}

export interface AssetProblem {
  type: string;
  detail: string;
  reference: string | null;
}

export interface Asset {
  asset_id: string;
  kind: 'slide' | 'video';
  state: AssetState;
  case_id: string;
  case_name: string;
  /** RFC 3339, UTC. */
  created_at: string;
  released_at: string | null;
  width_px: number | null;
  height_px: number | null;
  mpp: number | null;
  objective_power: number | null;
  annotation_count: number;
  annotation_revision: number;
  thumbnail_url: string | null;
  progress: AssetProgress | null;
  problem: AssetProblem | null;
  report: { [key: string]: Json } | null;
}

export interface Case {
  case_id: string;
  name: string;
  asset_count: number;
  created_at: string;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
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
  thumbnail_url: string;
  deepzoom_level_count: number;
}

export interface LabelClassWire {
  class_id: string;
  name: string;
  /** "#rrggbb" */
  color: string;
  hotkey: string | null;
  description: string;
  position: number;
  is_archived: boolean;
}

export interface OntologyWire {
  revision: number;
  classes: LabelClassWire[];
}

export interface FeatureProperties {
  class_id: string | null;
  layer: string;
  name: string;
  is_locked: boolean;
  extra: { [key: string]: Json };
  /** The rest is the server's to say; it is never sent. */
  author?: string | null;
  created_at?: string | null;
  updated_at?: string | null;
  revision?: number;
}

export interface Feature {
  type: 'Feature';
  id: string;
  geometry: Geometry;
  properties: FeatureProperties;
}

export interface FeatureCollection {
  type: 'FeatureCollection';
  features: Feature[];
  revision: number;
}

export interface ChangeSetWire {
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

export interface CommittedChangeWire extends ChangeSetWire {
  revision: number;
  author: string | null;
  committed_at: string;
}

export interface ChangesWire {
  revision: number;
  changes: CommittedChangeWire[];
}

export interface ImportReceipt {
  revision: number;
  created: number;
  classes_created: (string | LabelClassWire)[];
  /** What the file held that we cannot keep, one sentence each. */
  losses: string[];
}

export type Bbox = readonly [x0Px: number, y0Px: number, x1Px: number, y1Px: number];

/** What the slide workspace needs from a server; `api/client.ts` is the one that speaks HTTP. Each call throws ProblemError. */
export interface WorkspaceApi {
  getSlide(assetId: string): Promise<SlideInfo>;
  getOntology(): Promise<OntologyWire>;
  getAnnotations(assetId: string, options?: { bbox?: Bbox }): Promise<FeatureCollection>;
  postChange(assetId: string, revision: number, change: ChangeSetWire): Promise<ChangeReceipt>;
  changesSince(assetId: string, revision: number): Promise<ChangesWire>;
  exportUrl(assetId: string, format: string): string;
  importAnnotations(assetId: string, format: string, data: Blob): Promise<ImportReceipt>;
}
