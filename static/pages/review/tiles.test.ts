import { expect, test } from 'vitest';
import { blankedTiles } from './tiles';

const EXTENT = { width_px: 1000, height_px: 600 };
const at = (x0: number, y0: number, x1: number, y1: number) => ({ x0, y0, x1, y1, first_frame: null, last_frame: null });

test('every tile that a box touches is blanked whole', () => {
  expect(blankedTiles(at(250, 10, 260, 20), 256, EXTENT)).toMatchObject({ columns: 2, rows: 1, box: at(0, 0, 512, 256) });
});

test('a box that ends where a tile ends does not touch the next', () => {
  expect(blankedTiles(at(256, 0, 512, 256), 256, EXTENT)).toMatchObject({ columns: 1, rows: 1, box: at(256, 0, 512, 256) });
});

test('the last tiles end with the slide', () => {
  expect(blankedTiles(at(900, 590, 1000, 600), 256, EXTENT)).toMatchObject({ columns: 1, rows: 1, box: at(768, 512, 1000, 600) });
});
