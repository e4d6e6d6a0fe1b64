/** What each role is called and what it is for, as an admin reads it when choosing one. */
import type { Role } from '../api/types';

export const ROLE_NAMES: Record<Role, string> = {
  admin: 'Admin',
  privacy_officer: 'Privacy officer',
  reviewer: 'Reviewer',
  annotator: 'Annotator',
  auditor: 'Auditor',
};

export const ROLE_MEANINGS: Record<Role, string> = {
  admin: 'Everything: people, classes, intake, release, annotation and the audit log.',
  privacy_officer: 'Brings slides in, looks at what the scrub found, and releases them. Reads annotations.',
  reviewer: 'Sees released slides, draws and corrects annotations, exports them.',
  annotator: 'Sees released slides, draws annotations, exports them.',
  auditor: 'Reads the audit log and the list of slides. Opens no image and changes nothing.',
};
