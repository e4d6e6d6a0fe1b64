import type { User } from './types';

/** What a page asks for before it shows itself. The server decides; this only keeps dead ends off the screen. */
export type Permission =
  | 'asset.list'
  | 'asset.view'
  | 'asset.intake'
  | 'asset.ingest'
  | 'asset.release'
  | 'ontology.write'
  | 'account.manage'
  | 'audit.read';

export function may(user: User | null, permission: Permission): boolean {
  return user !== null && user.permissions.includes(permission);
}
