/** From chosen files to what is sent: one file a slide. */
import { gatherSlides, type ChosenFile } from './gather';
import { storedZip } from './storedZip';

/** `onRead` is told, over all slides of several files, bytes read of all. */
export async function filesToSend(chosen: readonly ChosenFile[], onRead: (done: number, total: number) => void = () => undefined): Promise<File[]> {
  const slides = await gatherSlides(chosen);
  const packs = slides.filter((slide) => slide.isPack);
  const total = packs.flatMap(({ files }) => files).reduce((sum, { file }) => sum + file.size, 0);
  let before = 0;
  const out: File[] = [];
  for (const { files, isPack, label } of slides) {
    const [first] = files;
    if (!isPack && first) out.push(first.file);
    if (!isPack) continue;
    const members = files.map(({ name, file }) => ({ name, content: file }));
    const archive = await storedZip(members, (done) => onRead(before + done, total));
    before += files.reduce((sum, { file }) => sum + file.size, 0);
    // The newest of its files' times, so that the same choice is recognised when an upload was interrupted.
    const lastModified = Math.max(...files.map(({ file }) => file.lastModified));
    out.push(new File([archive], `${label}.zip`, { lastModified }));
  }
  return out;
}
