import OpenSeadragon from 'openseadragon';

/** What OpenSeadragon hands to whoever fetches a tile. */
interface TileJob {
  readonly src: string;
  readonly tile: OpenSeadragon.Tile & { exists: boolean; loading: boolean };
  tries: number;
  finish(data: Blob, request: null, type: string): void;
  fail(message: string, request: null): void;
  abort(): void;
}

/** Tiles this far beyond the window's edge, as a share of its size, are still worth their way. */
const MARGIN = 0.5;
/** Past any number of tries: OpenSeadragon shall not fetch again by itself what we called off. */
const NO_MORE_TRIES = 1_000_000;

/**
 * Fetches tiles, and calls off those that nobody waits for any more.
 *
 * OpenSeadragon drops what it has not begun to fetch when the view moves, but lets the rest come in: on a thin line one waits
 * behind tiles of where one was. A tile that was called off is fetched again when it is wanted again.
 */
export class TileLoading {
  readonly #running = new Map<TileJob, AbortController>();
  #isCalling = false;

  /** Whether a failed tile was one that we called off. */
  get isCallingOff(): boolean {
    return this.#isCalling;
  }

  serve(source: OpenSeadragon.TileSource): OpenSeadragon.TileSource {
    const own = source as unknown as { downloadTileStart(job: TileJob): void; downloadTileAbort(job: TileJob): void };
    own.downloadTileStart = (job) => this.#start(job);
    own.downloadTileAbort = (job) => this.#running.get(job)?.abort();
    return source;
  }

  #start(job: TileJob): void {
    const controller = new AbortController();
    this.#running.set(job, controller);
    const isStillOurs = (): boolean => this.#running.delete(job) && !controller.signal.aborted;
    fetch(job.src, { signal: controller.signal, credentials: 'same-origin' })
      .then((response) => {
        if (!response.ok) throw new Error(`HTTP ${response.status}`);
        return response.blob();
      })
      .then(
        (blob) => {
          if (isStillOurs()) job.finish(blob, null, 'rasterBlob');
        },
        () => {
          if (isStillOurs()) job.fail('The tile could not be had.', null);
        },
      );
  }

  /** @param finestLevel the Deep Zoom level that the present zoom shows. */
  callOffUnseen(viewport: OpenSeadragon.Viewport, finestLevel: number): void {
    if (this.#running.size === 0) return;
    const { x, y, width, height } = viewport.getBounds(false).getBoundingBox();
    const window = new OpenSeadragon.Rect(x - width * MARGIN, y - height * MARGIN, width * (1 + 2 * MARGIN), height * (1 + 2 * MARGIN));
    for (const job of [...this.#running.keys()]) {
      const { bounds, level } = job.tile;
      const isWanted = level <= finestLevel && window.intersection(bounds) !== null;
      if (!isWanted) this.#callOff(job);
    }
  }

  #callOff(job: TileJob): void {
    job.tries = NO_MORE_TRIES;
    const { console } = OpenSeadragon as unknown as { console: { error: (...words: unknown[]) => void } };
    const { error } = console;
    // It would report each as a failure.
    console.error = () => undefined;
    this.#isCalling = true;
    try {
      job.abort();
    } finally {
      this.#isCalling = false;
      console.error = error;
      this.#running.delete(job);
    }
    // Called off is not missing: when it is seen again it is to be asked for again.
    job.tile.exists = true;
    job.tile.loading = false;
  }
}
