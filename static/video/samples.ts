import { PlaybackError } from './playable';

const LENGTH_BYTES = 4;
const NAL_TYPE_BITS = 0x1f;
const SLICE = 1;
const IDR_SLICE = 5;
const ACCESS_UNIT_DELIMITER = 9;

/** One frame as it is coded: NAL units, each behind its length (ISO/IEC 14496-15, 5.3.3). */
export interface Sample {
  /** A view of the answer's bytes. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** Whether decoding can begin here. */
  readonly isKey: boolean;
}

/**
 * Cut an answer of the samples route into its access units: each begins with an access unit delimiter (ITU-T H.264, 7.4.2.4).
 * @throws PlaybackError where the bytes do not add up to `frameCount` of them
 */
export function splitSamples(bytes: ArrayBuffer, frameCount: number): Sample[] {
  const view = new DataView(bytes);
  const samples: Sample[] = [];
  let start = 0;
  let isKey = false;
  let hasPicture = false;
  let at = 0;
  const close = (): void => {
    if (at === start) return;
    if (!hasPicture) throw damaged('holds a frame without a picture');
    samples.push({ data: new Uint8Array(bytes, start, at - start), isKey });
  };
  while (at < bytes.byteLength) {
    if (at + LENGTH_BYTES > bytes.byteLength) throw damaged('ends within a length');
    const length = view.getUint32(at);
    if (length === 0) throw damaged('holds an empty unit');
    if (length > bytes.byteLength - at - LENGTH_BYTES) throw damaged('ends within a unit');
    const type = view.getUint8(at + LENGTH_BYTES) & NAL_TYPE_BITS;
    if (type === ACCESS_UNIT_DELIMITER) {
      close();
      start = at;
      isKey = false;
      hasPicture = false;
    } else if (at === 0) {
      throw damaged('does not begin with a frame');
    }
    if (type === IDR_SLICE) isKey = true;
    if (type === IDR_SLICE || type === SLICE) hasPicture = true;
    at += LENGTH_BYTES + length;
  }
  close();
  if (samples.length !== frameCount) throw damaged(`holds ${samples.length} frames and not ${frameCount}`);
  return samples;
}

const damaged = (how: string): PlaybackError => new PlaybackError(`A part of the video that came from the server ${how}.`);
