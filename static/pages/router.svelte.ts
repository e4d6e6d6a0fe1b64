/** The address bar as state, and links that do not reload the page. */
import { routeOf } from './routes';

export class Router {
  path = $state(location.pathname);
  search = $state(location.search);
  route = $derived(routeOf(this.path));
  query = $derived(new URLSearchParams(this.search));

  /** The list that a slide was opened from, with its filters. */
  lastPlace = '/';

  /** Set by a page with unsaved work: told where one wants to go; false keeps the person here. */
  guard: ((address: string) => boolean) | null = null;

  constructor() {
    this.#read();
    window.addEventListener('popstate', () => this.#back());
    document.addEventListener('click', (event) => this.#follow(event));
  }

  go(address: string, options: { replace?: boolean } = {}): void {
    const isLeaving = new URL(address, location.href).pathname !== this.path;
    if (isLeaving && this.guard && !this.guard(address)) return;
    history[options.replace ? 'replaceState' : 'pushState'](null, '', address);
    this.#read();
    if (isLeaving) window.scrollTo(0, 0);
  }

  /** Change parts of the query in place; null and '' remove one. */
  setQuery(changes: Record<string, string | null>): void {
    const query = new URLSearchParams(this.search);
    for (const [name, value] of Object.entries(changes)) {
      if (value) query.set(name, value);
      else query.delete(name);
    }
    const text = query.toString();
    this.go(this.path + (text && `?${text}`), { replace: true });
  }

  #back(): void {
    // The browser has moved already; put the address back where the page still is.
    const wanted = location.pathname + location.search;
    if (location.pathname !== this.path && this.guard && !this.guard(wanted)) history.pushState(null, '', this.path + this.search);
    else this.#read();
  }

  #read(): void {
    if (!['slide', 'video', 'login'].includes(this.route.page)) this.lastPlace = this.path + this.search;
    this.path = location.pathname;
    this.search = location.search;
  }

  #follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (link.hash && link.pathname === location.pathname) return;
    if (routeOf(link.pathname).page === 'not-found') return;
    event.preventDefault();
    this.go(link.pathname + link.search);
  }
}
