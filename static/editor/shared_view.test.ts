import { describe, expect, test } from 'vitest';

import { readSharedView, writeSharedView } from './shared_view';

describe('the view in the address', () => {
  test('is read as it was written', () => {
    const place = { x: 12_000.5, y: 8500, devicePxPerL0Px: 0.5, degrees: 90 };
    expect(readSharedView(writeSharedView({ place, beside: 'ab12' }))).toEqual({ place, beside: 'ab12' });
    expect(writeSharedView({ place: { x: 1, y: 2, devicePxPerL0Px: 1 }, beside: null })).toBe('#at=1,2,1');
    expect(writeSharedView({ place: null, beside: null })).toBe('');
  });

  test.each(['', '#', '#at=', '#at=1,2', '#at=1,2,0', '#at=1,,3', '#at=a,b,c', '#at=1,2,3,4,5', '#beside=../x', '#at=Infinity,2,3'])(
    '“%s” says nothing',
    (hash) => expect(readSharedView(hash)).toEqual({ place: null, beside: null }),
  );
});
