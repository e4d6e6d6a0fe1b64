import { expect, test } from 'vitest';
import { isWorthRetrying } from './uploadItem.svelte';

test.each([0, 409, 423, 429, 500, 502, 503])('after %d the rest is sent again', (status) => expect(isWorthRetrying(status)).toBe(true));
test.each([400, 401, 403, 404, 410, 413, 422, 507])('after %d a person is told instead', (status) => expect(isWorthRetrying(status)).toBe(false));
