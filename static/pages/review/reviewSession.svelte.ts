/** One asset under review: what is known of it, what is looked at, what is being changed, and what is decided. */
import type { Client } from '../../api/client';
import { asProblem } from '../../api/problem';
import type { Finding, RejectReason, Review, ReviewBox, ReviewPicture } from '../../api/review';
import type { Asset, AssetState } from '../../api/types';
import { boxBetween, inFrames, isOnFrame, type Extent } from './boxes';
import { canToggle, DraftHistory, draftOf, isUnsent, requestOf, toggled, withBox, withChangedBox, withoutBox, type Draft, type OwnBox } from './draft';
import { itemsOf, type Item } from './items';
import { picturesOf } from './picturesOf';

export type Compare = 'side' | 'swipe' | 'one';

const WORKING: readonly AssetState[] = ['uploading', 'quarantined', 'converting', 'verifying'];
const BUSY_MS = 1000;
const IDLE_MS = 10_000;

/** Drafts outlive a session that ends under the reviewer: boxes on a picture, nothing of the patient. */
const keptDrafts = new Map<string, { readonly history: DraftHistory; readonly of: string }>();

export class ReviewSession {
  readonly assetId: string;
  asset = $state.raw<Asset | null>(null);
  review = $state.raw<Review | null>(null);
  /** Why it cannot be shown. */
  problem = $state.raw<unknown>(null);
  /** Why the last decision was not taken. */
  refusal = $state.raw<unknown>(null);
  isSending = $state(false);
  /** What this page has just done with it. */
  outcome = $state<'released' | 'signed' | 'rejected' | null>(null);
  tileSize_px = $state<number | null>(null);

  history = $state.raw(new DraftHistory({ added: [], removed: [] }));
  selectedId = $state<string | null>(null);
  pictureName = $state<string | null>(null);
  frame = $state(0);
  compare = $state<Compare>('side');
  tool = $state<'move' | 'box'>('move');
  showsBoxes = $state(true);
  isPlaying = $state(false);

  draft = $derived<Draft>(this.history.now);
  isUnsent = $derived(this.review !== null && isUnsent(this.draft, this.review));
  isWorking = $derived(this.asset !== null && WORKING.includes(this.asset.state) && this.asset.problem === null);
  isAwaiting = $derived(this.asset?.state === 'awaiting_release');
  /** Whether it is still to be decided about. */
  isOpen = $derived(this.asset !== null && !this.isWorking && ['awaiting_release', 'refused', 'quarantined'].includes(this.asset.state));
  isOriginalGone = $derived(this.review !== null && this.review.pictures.length > 0 && this.review.pictures.every(({ before_url }) => before_url === null));
  /** Whether boxes may be drawn and findings unmasked: it is then made anew from its original. */
  canChange = $derived(this.isOpen && !this.isOriginalGone);
  items = $derived<readonly Item[]>(this.review ? itemsOf(this.review, this.draft) : []);
  selected = $derived(this.items.find((item) => item.id === this.selectedId) ?? null);
  pictures = $derived<readonly ReviewPicture[]>(this.review && this.asset ? picturesOf(this.review, this.asset) : []);
  picture = $derived<ReviewPicture | null>(this.pictures.find((one) => one.name === this.pictureName) ?? this.pictures[0] ?? null);
  frameCount = $derived(this.review?.frame_count ?? this.asset?.frame_count ?? 1);
  extent = $derived<Extent>({
    width_px: this.review?.width_px ?? this.asset?.width_px ?? 1,
    height_px: this.review?.height_px ?? this.asset?.height_px ?? 1,
  });

  /** How long a frame is shown while it plays: as long as it was, and never too short to be seen. */
  frameTime_ms = $derived(Math.min(Math.max((1000 * (this.asset?.duration_s ?? 0)) / this.frameCount, 40), 250));

  readonly #client: Client;
  readonly #keep: string;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #round = 0;
  #isClosed = false;

  constructor(client: Client, assetId: string, accountId: string) {
    this.#client = client;
    this.assetId = assetId;
    this.#keep = `${accountId} ${assetId}`;
  }

  open(): () => void {
    this.#isClosed = false;
    void this.load();
    return () => {
      this.#isClosed = true;
      this.#round += 1;
      clearTimeout(this.#timer);
    };
  }

  async load(): Promise<void> {
    clearTimeout(this.#timer);
    const round = (this.#round += 1);
    try {
      const asset = await this.#client.getAsset(this.assetId);
      if (round !== this.#round) return;
      const wasNewer = this.#isNewer(asset);
      this.asset = asset;
      if (this.isOpen && (wasNewer || this.review === null)) {
        const review = await this.#client.getReview(this.assetId);
        if (round !== this.#round) return;
        this.#take(review);
        if (this.isAwaiting && asset.kind === 'slide') void this.#learnTileSize();
      }
      this.problem = null;
    } catch (error) {
      if (round !== this.#round) return;
      // What is on the screen stays there while the line is down; whoever may no longer see it sees it no longer.
      if (this.review === null || [403, 404].includes(asProblem(error).status)) {
        this.problem = error;
        this.review = null;
      }
    }
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.#again(), this.isWorking ? BUSY_MS : IDLE_MS);
  }

  async #again(): Promise<void> {
    if (document.hidden && !this.isWorking) this.#timer = setTimeout(() => void this.#again(), IDLE_MS);
    else if (!this.isSending) await this.load();
    else this.#timer = setTimeout(() => void this.#again(), BUSY_MS);
  }

  #isNewer(asset: Asset): boolean {
    const old = this.asset;
    return (
      old === null ||
      old.state !== asset.state ||
      old.signature_count !== asset.signature_count ||
      old.canonical_sha256 !== asset.canonical_sha256
    );
  }

  #take(review: Review): void {
    const of = JSON.stringify([review.added, review.removed]);
    const isAnotherScrub = this.review === null || of !== JSON.stringify([this.review.added, this.review.removed]);
    this.review = review;
    if (isAnotherScrub) {
      const kept = keptDrafts.get(this.#keep);
      this.history = kept?.of === of ? kept.history : new DraftHistory(draftOf(review));
    }
    if (this.picture?.frame != null) this.frame = this.picture.frame;
  }

  async #learnTileSize(): Promise<void> {
    // Only for saying which tiles a box blanks: without it the note stays general.
    this.tileSize_px = await this.#client.getSlide(this.assetId).then(
      (slide) => slide.tile_size_px,
      () => null,
    );
  }

  // Looking

  show(picture: ReviewPicture): void {
    this.pictureName = picture.name;
    if (picture.frame !== null) this.frame = picture.frame;
  }

  showBeside(step: 1 | -1): void {
    const { pictures } = this;
    const at = pictures.findIndex((one) => one.name === this.picture?.name);
    const next = pictures[(at + step + pictures.length) % pictures.length];
    if (next) this.show(next);
  }

  /** Go to a frame of the result; where its original was kept as a picture, that is shown beside it. */
  goTo(frame: number): void {
    this.frame = Math.min(Math.max(0, Math.round(frame)), this.frameCount - 1);
    const same = this.pictures.find((one) => one.frame === this.frame);
    if (same) this.pictureName = same.name;
  }

  select(item: Item | null): void {
    this.selectedId = item?.id ?? null;
    if (!item) return;
    const isHere = (picture: ReviewPicture): boolean => picture.space === item.space && isOnFrame(item.box, picture.frame);
    const { picture } = this;
    if (picture && !isHere(picture)) {
      const better = this.pictures.find((one) => one.frame !== null && isHere(one)) ?? this.pictures.find(isHere);
      if (better) this.show(better);
    }
    if (item.space === 'asset' && !isOnFrame(item.box, this.frame)) this.goTo(item.box.first_frame ?? 0);
  }

  /** What comes after or before the selection in the list, and after the last the first again. */
  beside(step: 1 | -1): Item | null {
    const { items } = this;
    const at = items.findIndex((item) => item.id === this.selectedId);
    return items[at < 0 ? (step > 0 ? 0 : items.length - 1) : (at + step + items.length) % items.length] ?? null;
  }

  togglePlaying(): void {
    const last = this.frameCount - 1;
    if (!this.isPlaying && this.frame >= last) this.goTo(0);
    this.isPlaying = !this.isPlaying && last > 0;
  }

  /** While it plays, once a frame is on the screen. */
  playOn(): void {
    this.goTo(this.frame + 1);
    if (this.frame >= this.frameCount - 1) this.isPlaying = false;
  }

  // Changing

  #to(draft: Draft, gesture: string | null = null): void {
    this.history = this.history.to(draft, gesture);
    this.#remember();
  }

  #remember(): void {
    if (!this.review) return;
    if (this.isUnsent) keptDrafts.set(this.#keep, { history: this.history, of: JSON.stringify([this.review.added, this.review.removed]) });
    else keptDrafts.delete(this.#keep);
  }

  undo(): void {
    this.history = this.history.undo();
    this.#remember();
  }

  redo(): void {
    this.history = this.history.redo();
    this.#remember();
  }

  add(box: ReviewBox, gesture: string | null = null): OwnBox {
    const { draft, key } = withBox(this.draft, box);
    this.#to(draft, gesture);
    this.selectedId = `own ${key}`;
    return draft.added.find((own) => own.key === key)!;
  }

  /** Every pixel of some frames: of the room, say. */
  addWholeFrames(first: number, last: number): void {
    const whole = boxBetween({ x: 0, y: 0 }, { x: this.extent.width_px, y: this.extent.height_px }, this.extent);
    this.add(inFrames(whole, first, last, this.frameCount));
  }

  change(box: OwnBox, gesture: string | null = null): void {
    this.#to(withChangedBox(this.draft, box), gesture);
  }

  erase(key: number): void {
    this.#to(withoutBox(this.draft, key));
  }

  toggle(finding: Finding): void {
    if (this.review && canToggle(finding)) this.#to(toggled(this.draft, finding, this.review));
  }

  discardChanges(): void {
    if (this.review) this.#to(draftOf(this.review));
  }

  // Deciding

  async scrubAgain(profile: string | null): Promise<void> {
    await this.#decide(async () => {
      this.asset = await this.#client.scrubAgain(this.assetId, requestOf(this.draft, profile));
      keptDrafts.delete(this.#keep);
      this.review = null;
      this.selectedId = null;
      this.outcome = null;
    });
  }

  /** Stop the scrub that runs. */
  async cancel(): Promise<void> {
    await this.#decide(async () => {
      this.asset = (await this.#client.cancel(this.assetId)) ?? this.asset;
    });
  }

  async reject(reason: RejectReason): Promise<void> {
    await this.#decide(async () => {
      this.asset = await this.#client.reject(this.assetId, reason);
      this.outcome = 'rejected';
    });
  }

  /** @param seenSha256 of what was on the screen; should it have been scrubbed again since, nothing is signed. */
  async sign(seenSha256: string | null, confirmLosses: boolean): Promise<void> {
    await this.#decide(async () => {
      this.asset = await this.#client.release(this.assetId, seenSha256, { confirmLosses });
      this.outcome = this.asset.state === 'released' ? 'released' : 'signed';
      if (this.outcome === 'signed') this.#take(await this.#client.getReview(this.assetId));
    });
  }

  async #decide(what: () => Promise<void>): Promise<void> {
    this.isSending = true;
    this.refusal = null;
    // An answer that is still on its way says what was so before.
    this.#round += 1;
    try {
      await what();
    } catch (error) {
      this.refusal = error;
    }
    this.isSending = false;
    // Refused, because somebody else was first: what is so now is what has to be on the screen.
    await this.load();
  }
}
