import type { WorkspaceUser } from '../core/wire';

/** Why this person may only look, as a sentence; null when they may draw. */
export function whyReadOnly(user: WorkspaceUser, state: string, what: 'slide' | 'video'): string | null {
  if (!user.permissions.includes('annotation.write')) return 'Read only: your role may look, not draw';
  if (state !== 'released') return `Read only: this ${what} is not released yet`;
  return null;
}
