/** Which frame someone was at, for as long as the tab lives: a reload or a new sign-in comes back to it. An address may name one: #frame=120. */
const key = (assetId: string): string => `slidereel.frame.${assetId}`;

export function recallFrame(assetId: string, hash: string): number {
  const named = /^#frame=(\d{1,9})$/.exec(hash)?.[1];
  try {
    const kept = named ?? sessionStorage.getItem(key(assetId)) ?? '0';
    return /^\d{1,9}$/.test(kept) ? Number(kept) : 0;
  } catch {
    return Number(named ?? 0);
  }
}

export function rememberFrame(assetId: string, frame: number): void {
  if (frame < 0) return;
  const hash = `#frame=${frame}`;
  if (hash !== location.hash) history.replaceState(history.state, '', location.pathname + location.search + hash);
  try {
    sessionStorage.setItem(key(assetId), String(frame));
  } catch {
    // Storage is full or forbidden: the address still has it.
  }
}
