import { expect, test } from 'vitest';
import { gatherSlides, seriesOf, type ChosenFile } from './gather';
import { filesToSend } from './packSlides';

/** What the beginning of a DICOM file has that matters here. */
const SLIDE = '1.2.840.10008.5.1.4.1.1.77.1.6';
const LOOP = '1.2.840.10008.5.1.4.1.1.3.1';

function dicom(series: string, path: string, { content = '', isExplicit = true, lastModified = 5, kindOfImage = SLIDE } = {}): ChosenFile {
  const uid = series.padEnd(series.length + (series.length % 2), '\0');
  const kind = isExplicit ? [0x55, 0x49, uid.length, 0] : [uid.length, 0, 0, 0];
  const head = [...new Uint8Array(128), ...new TextEncoder().encode(`DICM${kindOfImage}`), 8, 0, 0x60, 0, 0x20, 0, 0x0e, 0, ...kind, ...new TextEncoder().encode(uid)];
  return { file: new File([new Uint8Array(head), content], path.split('/').at(-1) ?? '', { lastModified }), path };
}

const plain = (path: string, content = path): ChosenFile => ({ file: new File([content], path.split('/').at(-1) ?? '', { lastModified: 5 }), path });

test('the series of an instance is read, whichever way it is coded', async () => {
  expect(await seriesOf(dicom('1.2.840.1', 'a').file)).toBe('1.2.840.1');
  expect(await seriesOf(dicom('1.2.840.12', 'a', { isExplicit: false }).file)).toBe('1.2.840.12');
  expect(await seriesOf(dicom('', 'a').file)).toBe('');
  expect(await seriesOf(plain('a.dcm').file)).toBeNull();
});

test('files of one series are one slide, others stay alone', async () => {
  const slides = await gatherSlides([dicom('1.2', 'x/IM1'), plain('x/a.svs'), dicom('1.3', 'x/IM3.dcm'), dicom('1.2', 'x/IM2')]);
  expect(slides.map(({ label, files, isPack }) => [label, files.length, isPack])).toEqual([
    ['a.svs', 1, false],
    ['x (2 DICOM files)', 2, true],
    ['IM3.dcm', 1, false],
  ]);
});

test('loops of one series stay alone: each is complete', async () => {
  const chosen = await gatherSlides([dicom('1.2', 'x/IM1', { kindOfImage: LOOP }), dicom('1.2', 'x/IM2', { kindOfImage: LOOP })]);
  expect(chosen.map(({ label, isPack }) => [label, isPack])).toEqual([
    ['IM1', false],
    ['IM2', false],
  ]);
});

test('a name never leaves: in the archive files are numbered', async () => {
  const [slide] = await gatherSlides([dicom('1.2', 'Doe Jane/Quixote1.dcm'), dicom('1.2', 'Doe Jane/Quixote2.dcm', { content: 'longer' })]);
  expect(slide?.files.map(({ name }) => name)).toEqual(['1.dcm', '2.dcm']);
  const [file] = await filesToSend([dicom('1.2', 'Doe Jane/Quixote1.dcm'), dicom('1.2', 'Doe Jane/Quixote2.dcm')]);
  expect(await file?.text()).not.toMatch(/Doe|Quixote/);
});

test('an MRXS and its folder are one slide with the names that its reader looks for', async () => {
  const chosen = ['x/Doe.mrxs', 'x/Doe/Slidedat.ini', 'x/Doe/Data0000.dat', 'x/b.mrxs'].map((path) => plain(path));
  const slides = await gatherSlides(chosen);
  expect(slides.map(({ files }) => files.map(({ name }) => name))).toEqual([['slide.mrxs', 'slide/Data0000.dat', 'slide/Slidedat.ini'], ['b.mrxs']]);
});

test('what file managers leave behind is not sent', async () => {
  expect(await gatherSlides([plain('x/.DS_Store'), plain('__MACOSX/._a'), plain('x/DICOMDIR'), plain('Thumbs.db')])).toEqual([]);
});

test('the same files chosen in another order and another way give the same file', async () => {
  const files = [dicom('1.2', 'x/b.dcm', { content: 'b' }), dicom('1.2', 'x/a.dcm', { content: 'aa', lastModified: 9 })];
  const [one] = await filesToSend(files);
  const [other] = await filesToSend(files.toReversed().map(({ file }) => ({ file, path: file.name })));
  expect(await one?.arrayBuffer()).toEqual(await other?.arrayBuffer());
  expect([one?.size, one?.lastModified]).toEqual([other?.size, 9]);
});
