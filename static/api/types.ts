/** Wire types of sessions, people, cases, assets, uploads and the audit log. Annotations, ontology and slides: core/wire.ts. */

export type Role = 'admin' | 'privacy_officer' | 'reviewer' | 'annotator' | 'auditor';

export const ROLES: readonly Role[] = ['admin', 'privacy_officer', 'reviewer', 'annotator', 'auditor'];

/** Who is signed in, and what they may do. */
export interface User {
  account_id: string;
  username: string;
  role: Role;
  permissions: string[];
}

/** An account as an admin sees it. */
export interface Account {
  account_id: string;
  username: string;
  role: Role;
  created_at: string;
  /** null while the account may sign in. */
  disabled_at: string | null;
}

export interface AccountPatch {
  role?: Role;
  password?: string;
  disabled?: boolean;
}

/** One page of a list; `next_cursor` is null on the last. */
export interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
}

export interface Case {
  case_id: string;
  name: string;
  asset_count: number;
  created_at: string;
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

export interface Progress {
  stage: string;
  done: number;
  total: number;
  eta_s: number | null;
}

/** Why an asset was refused. `reference` is what the person quotes to whoever reads the log. */
export interface AssetProblem {
  type: string;
  detail: string;
  reference: string;
}

/** What the scrub found at one place of the source file, and what became of it. */
export interface ScrubPlace {
  place: string;
  action: string;
  byte_count: number;
  /** How many places of this name and fate a list tells of as one. */
  times?: number;
}

/** The conversion's own account of what it did. Everything optional: reports of older versions stay readable. */
export interface ConversionReport {
  source_format?: string;
  l0_encoding?: string;
  places?: ScrubPlace[];
  proof?: Record<string, unknown>;
  /** What of the source could not be kept, as sentences; a release confirms them. */
  losses?: string[];
  remarks?: string[];
  /** Of videos. */
  frame_count?: number;
  duration_s?: number;
  psnr_db?: { min: number; mean: number };
  canonical_bytes?: number;
  /** Of slides: the macro image was kept, without its label. */
  has_macro?: boolean;
  [other: string]: unknown;
}

export interface Asset {
  asset_id: string;
  /** "unknown" where a file could not be read. */
  kind: 'slide' | 'video' | 'unknown';
  state: AssetState;
  case_id: string | null;
  case_name: string | null;
  created_at: string;
  released_at: string | null;
  width_px: number | null;
  height_px: number | null;
  mpp: number | null;
  objective_power: number | null;
  /** Of videos. */
  frame_count?: number | null;
  duration_s?: number | null;
  annotation_count: number;
  annotation_revision: number;
  thumbnail_url: string | null;
  progress: Progress | null;
  problem: AssetProblem | null;
  report: ConversionReport | null;
  /** Of what the last scrub wrote; null for those who do not see the intake. A release names it. */
  canonical_sha256: string | null;
  /** What it was scrubbed by; null: the policy's default. */
  profile?: string | null;
  /** The patient's pseudonym. */
  subject?: string | null;
  /** The day of the examination, shifted by as many days as all of this patient's. */
  acquired_on?: string | null;
  has_macro?: boolean;
  signature_count?: number;
  signatures_needed?: number;
}

/** A part of an upload, sent to an address of its own. Bytes; start: its place in the file. */
export interface UploadPart {
  upload_id: string;
  start: number;
  length: number;
  offset: number;
}

/** An upload of the caller's that the server still waits for. Lengths in bytes. */
export interface UnfinishedUpload {
  upload_id: string;
  length: number;
  offset: number;
  case_name: string | null;
  created_at: string;
  /** Empty where it is taken as a whole. */
  parts?: UploadPart[];
}

/** One line of the append-only audit log. */
export interface AuditEvent {
  sequence: number;
  at: string;
  account_id: string | null;
  actor: string;
  action: string;
  subject_kind: string;
  subject_id: string;
  detail: Record<string, string | number | boolean | null>;
  /** An IP address, "command line" or "system". */
  origin: string;
}
