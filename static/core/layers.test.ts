/** The browser's floors: core → api → slide → video → editor → pages, imports only to the left; design beside api, for whoever draws. */
import { expect, test } from 'vitest';

const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  api: ['core'],
  design: ['core', 'api'],
  slide: ['core', 'api', 'design'],
  video: ['core', 'api', 'design', 'slide'],
  editor: ['core', 'api', 'design', 'slide', 'video'],
  pages: ['core', 'api', 'design', 'slide', 'video', 'editor'],
};

const sources = import.meta.glob<string>('../{core,api,design,slide,video,editor,pages}/**/*.{ts,svelte}', { query: '?raw', import: 'default', eager: true });

/** "./x.ts" as glob keys of this folder are, "../slide/y.ts" of the others. */
const floorOf = (key: string): string => /^\.\.\/(\w+)\//.exec(key)?.[1] ?? 'core';

/** Floors that a source imports from, its own left out. */
function importsOf(key: string, source: string): string[] {
  const folders = key.split('/').slice(1, -1);
  if (floorOf(key) === 'core') folders.unshift('core');
  return [...source.matchAll(/(?:from|import|import\()\s*['"](\.[^'"]+)['"]/g)].flatMap(([, path]) => {
    const at = [...folders];
    for (const step of path!.split('/').slice(0, -1)) {
      if (step === '..') at.pop();
      else if (step !== '.') at.push(step);
    }
    return at[0] !== undefined && at[0] !== floorOf(key) && at[0] in MAY_IMPORT ? [at[0]] : [];
  });
}

test('every floor is read', () => {
  expect(new Set(Object.keys(sources).map(floorOf))).toEqual(new Set(Object.keys(MAY_IMPORT)));
});

test('the rule sees a wrong import', () => {
  expect(importsOf('../slide/x.ts', "import { a } from '../editor/session.svelte';")).toEqual(['editor']);
  expect(importsOf('../pages/admin/x.ts', "import '../../design/tokens.css';\nimport('../../editor/X.svelte')")).toEqual(['design', 'editor']);
});

test('imports go only to the left', () => {
  const wrong = Object.entries(sources)
    .filter(([key]) => !key.endsWith('.test.ts'))
    .flatMap(([key, source]) =>
      importsOf(key, source)
        .filter((floor) => !MAY_IMPORT[floorOf(key)]!.includes(floor))
        .map((floor) => `${key} imports ${floor}`),
    );
  expect(wrong).toEqual([]);
});
