/** Passwords an admin hands over: long, and easy to read out. The same alphabet and length rule as the server's. */

export const SHORTEST_PASSWORD = 12;

/** 32 characters that are not mistaken for one another on paper. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789';
const GROUPS = 4;
const GROUP_LENGTH = 4;

/** 80 bits: "k7mq-2xhd-…". `random` fills an array as crypto.getRandomValues does. */
export function makePassword(random: (bytes: Uint8Array<ArrayBuffer>) => void = (bytes) => void crypto.getRandomValues(bytes)): string {
  const bytes = new Uint8Array(GROUPS * GROUP_LENGTH);
  random(bytes);
  // 256 is a multiple of 32: each letter is equally likely.
  const letters = [...bytes].map((byte) => ALPHABET[byte % ALPHABET.length] ?? '');
  return Array.from({ length: GROUPS }, (_, group) => letters.slice(group * GROUP_LENGTH, (group + 1) * GROUP_LENGTH).join('')).join('-');
}
