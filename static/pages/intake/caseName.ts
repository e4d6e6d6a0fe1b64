/** What may stand in the case field. The server has the last word; this catches what should not even be sent. */

const LONGEST = 120;

/** Why this cannot be a case, or null. */
export function caseNameError(text: string): string | null {
  const name = text.trim();
  if (!name) return 'Say which case these slides belong to.';
  if (name.length > LONGEST) return `At most ${LONGEST} characters.`;
  return null;
}

/** Two or more words of letters and no digit ("Doe, Jane", "DOE^JANE"), or a date: more likely a patient than a code. */
export function looksLikePatient(text: string): boolean {
  const name = text.trim();
  if (/\b\d{1,2}[./-]\d{1,2}[./-](19|20)?\d{2}\b/.test(name) || /\b(19|20)\d{2}[./-]?[01]\d[./-]?[0-3]\d\b/.test(name)) return true;
  return /^\p{L}[\p{L}'’-]+(\s*,\s*|\^+|\s+)\p{L}[\p{L}'’. -]+$/u.test(name);
}
