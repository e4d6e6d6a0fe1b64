/** One Tab stop for a grid of links; arrows, Home and End move inside it, Enter follows the link as ever. */
import type { Attachment } from 'svelte/attachments';

export const roveCards: Attachment<HTMLElement> = (list) => {
  const links = (): HTMLAnchorElement[] => [...list.querySelectorAll('a')];

  function choose(link: HTMLAnchorElement | undefined): void {
    for (const one of links()) one.tabIndex = one === link ? 0 : -1;
  }

  /** Keep exactly one stop when cards come and go. */
  function tidy(): void {
    const all = links();
    if (all.filter((link) => link.tabIndex === 0).length !== 1) choose(all[0]);
  }

  function move(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const all = links();
    const at = all.findIndex((link) => link === document.activeElement);
    if (at < 0) return;
    const top = all[0]?.getBoundingClientRect().top;
    const firstOfRow2 = all.findIndex((link) => link.getBoundingClientRect().top !== top);
    const to = nextIndex(event.key, at, all.length, firstOfRow2 < 0 ? all.length : firstOfRow2);
    if (to === null) return;
    event.preventDefault();
    choose(all[to]);
    all[to]?.focus();
  }

  function follow(event: FocusEvent): void {
    if (event.target instanceof HTMLAnchorElement) choose(event.target);
  }

  const watch = new MutationObserver(tidy);
  watch.observe(list, { childList: true });
  choose(links()[0]);
  list.addEventListener('keydown', move);
  list.addEventListener('focusin', follow);
  return () => {
    watch.disconnect();
    list.removeEventListener('keydown', move);
    list.removeEventListener('focusin', follow);
  };
};

/** Where a key leads from card `at` of `length` in rows of `columns`; null if it is not a moving key or leads nowhere. */
export function nextIndex(key: string, at: number, length: number, columns: number): number | null {
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: at + columns, ArrowUp: at - columns, Home: 0, End: length - 1 }[key];
  if (to === undefined || to === at) return null;
  if (to >= 0 && to < length) return to;
  // Down into a short last row lands on its last card.
  if (key === 'ArrowDown' && Math.floor(at / columns) < Math.floor((length - 1) / columns)) return length - 1;
  return null;
}
