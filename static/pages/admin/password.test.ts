import { expect, test } from 'vitest';
import { makePassword, SHORTEST_PASSWORD } from './password';

test('a made password is long, and nothing in it is mistaken for something else', () => {
  const made = Array.from({ length: 200 }, () => makePassword());
  for (const password of made) {
    expect(password).toMatch(/^([a-km-np-z2-9]{4}-){3}[a-km-np-z2-9]{4}$/);
    expect(password.length).toBeGreaterThanOrEqual(SHORTEST_PASSWORD);
  }
  expect(new Set(made).size).toBe(made.length);
});

test('all of the randomness is used', () => {
  expect(makePassword((bytes) => bytes.fill(31))).toBe('9999-9999-9999-9999');
  expect(makePassword((bytes) => bytes.set([...bytes.keys()]))).toBe('abcd-efgh-ijkm-npqr');
});
