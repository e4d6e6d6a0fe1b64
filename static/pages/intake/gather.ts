/** Which of the chosen files are slides, loops or videos, and which of them together are one. */

const DICOM_AT = 128;
const HEAD_BYTES = 64 * 1024;
/** (0020,000E) Series Instance UID in explicit VR; without it, as in implicit VR, a length follows directly. */
const SERIES_TAG = [0x20, 0x00, 0x0e, 0x00];
/** VL Whole Slide Microscopy Image Storage. */
const SLIDE_CLASS = '1.2.840.10008.5.1.4.1.1.77.1.6';
const JUNK = /(^|\/)(\.DS_Store|Thumbs\.db|desktop\.ini|\._[^/]*|DICOMDIR)$|(^|\/)__MACOSX\//i;

/** A file and where it lies below what was chosen ("export/IM1"). */
export interface ChosenFile {
  readonly file: File;
  readonly path: string;
}

/** One slide: its files under the names that they get in the archive. A single file is sent as it is. */
export interface ChosenSlide {
  /** Shown while this page is open. */
  readonly label: string;
  readonly files: readonly { readonly name: string; readonly file: File }[];
  readonly isPack: boolean;
}

/** In a stable order, so that the same files chosen again give the same archive. */
export async function gatherSlides(chosen: readonly ChosenFile[]): Promise<ChosenSlide[]> {
  const files = chosen.filter(({ path }) => !JUNK.test(path)).toSorted(byPath);
  const slides: ChosenSlide[] = [];
  const taken = new Set<ChosenFile>();
  for (const start of files.filter(({ path }) => /\.mrxs$/i.test(path))) {
    const folder = start.path.slice(0, -'.mrxs'.length) + '/';
    const inside = files.filter(({ path }) => path.startsWith(folder));
    if (inside.length === 0) continue;
    for (const one of [start, ...inside]) taken.add(one);
    const members = inside.map(({ file, path }) => ({ name: `slide/${path.slice(folder.length)}`, file }));
    slides.push({ label: start.file.name, files: [{ name: 'slide.mrxs', file: start.file }, ...members], isPack: true });
  }
  const series = new Map<string, ChosenFile[]>();
  for (const one of files) {
    if (taken.has(one)) continue;
    const uid = mayBeDicom(one.path) ? await seriesOf(one.file) : null;
    if (uid === null) {
      slides.push({ label: one.file.name, files: [{ name: one.file.name, file: one.file }], isPack: false });
      continue;
    }
    const key = `${folderOf(one.path)}\n${uid}`;
    series.set(key, [...(series.get(key) ?? []), one]);
  }
  for (const instances of series.values()) {
    const [first] = instances;
    if (!first) continue;
    // A name of its own, since the order of names is not that of another choice of the same files.
    const files = instances.toSorted(bySizeAndTime).map(({ file }, index) => ({ name: `${index + 1}.dcm`, file }));
    const label = instances.length === 1 ? first.file.name : `${folderOf(first.path) || first.file.name} (${instances.length} DICOM files)`;
    slides.push({ label, files, isPack: instances.length > 1 });
  }
  return slides;
}

/** The series of a DICOM slide, "" where none is found; null where it is no DICOM slide. */
export async function seriesOf(file: Blob): Promise<string | null> {
  const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  if (String.fromCharCode(...head.slice(DICOM_AT, DICOM_AT + 4)) !== 'DICM') return null;
  // A loop is complete as it is; only a slide comes in several instances that belong together.
  if (!new TextDecoder('latin1').decode(head).includes(SLIDE_CLASS)) return null;
  for (let at = DICOM_AT + 4; at + 8 < head.length; at += 1) {
    if (SERIES_TAG.some((byte, index) => head[at + index] !== byte)) continue;
    const isExplicit = head[at + 4] === 0x55 && head[at + 5] === 0x49;
    const length = isExplicit ? (head[at + 6] ?? 0) | ((head[at + 7] ?? 0) << 8) : (head[at + 4] ?? 0);
    const uid = String.fromCharCode(...head.slice(at + 8, at + 8 + Math.min(length, 64))).replace(/\0+$/, '');
    if (/^[0-9.]+$/.test(uid)) return uid;
  }
  return '';
}

function mayBeDicom(path: string): boolean {
  const suffix = /\.([^./]*)$/.exec(path)?.[1]?.toLowerCase();
  // An identifier as a name ("1.2.840.…") has a suffix only in form.
  return suffix === undefined || ['dcm', 'dicom', 'ima', ''].includes(suffix) || /^\d+$/.test(suffix);
}

function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}

function byPath(one: ChosenFile, other: ChosenFile): number {
  return one.path < other.path ? -1 : Number(one.path > other.path);
}

function bySizeAndTime(one: ChosenFile, other: ChosenFile): number {
  return one.file.size - other.file.size || one.file.lastModified - other.file.lastModified || byPath(one, other);
}

/** The files behind a drop, those in folders included. Call it in the event's own turn: later the entries are gone. */
export async function droppedFiles(transfer: DataTransfer): Promise<ChosenFile[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) return chosenFiles(transfer.files);
  return (await Promise.all(entries.map((entry) => filesIn(entry)))).flat();
}

/** The files of an input, with their places where a folder was chosen. */
export function chosenFiles(files: Iterable<File>): ChosenFile[] {
  return [...files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
}

async function filesIn(entry: FileSystemEntry): Promise<ChosenFile[]> {
  if (entry instanceof FileSystemFileEntry || entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ file, path: entry.fullPath.replace(/^\//, '') }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: ChosenFile[] = [];
  // A reader hands out some entries at a time, and none when it is through.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return found;
    for (const inner of some) found.push(...(await filesIn(inner)));
  }
}
