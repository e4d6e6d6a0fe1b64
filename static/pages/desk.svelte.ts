/** What every page stands on: the client, who is signed in, whether the server answers, and news. */
import { getContext, setContext } from 'svelte';
import { Client, ProblemError } from '../api/client';
import { may, type Permission } from '../api/permission';
import type { User } from '../api/types';
import { Announcer } from '../design/announcer.svelte';
import { UploadQueue } from './intake/uploadQueue.svelte';
import { ReviewQueue } from './review/reviewQueue.svelte';
import type { Router } from './router.svelte';

const REACHABLE_CHECK_MS = 4000;

export class Desk {
  readonly client = new Client();
  readonly announcer = new Announcer();
  readonly uploads = new UploadQueue(this.client);
  readonly reviews = new ReviewQueue(this.client);
  readonly router: Router;

  /** undefined until the server has said who we are. */
  user = $state<User | null | undefined>(undefined);
  isReachable = $state(true);
  /** What was open last: its card is where the reader returns to. */
  lastOpened: string | null = null;
  /** How many cards the case list had loaded. */
  cardsLoaded = 0;
  startProblem = $state<unknown>(null);
  #check: ReturnType<typeof setTimeout> | undefined;

  constructor(router: Router) {
    this.router = router;
    this.client.onReachable = (reachable) => this.#reached(reachable);
    this.client.onUnauthenticated = () => this.#sessionEnded();
    window.addEventListener('offline', () => this.#reached(false));
    window.addEventListener('online', () => void this.#probe());
  }

  can(permission: Permission): boolean {
    return may(this.user ?? null, permission);
  }

  async start(): Promise<void> {
    this.startProblem = null;
    try {
      this.#signedIn(await this.client.session());
    } catch (error) {
      this.startProblem = error;
    }
  }

  async login(username: string, password: string): Promise<void> {
    this.#signedIn(await this.client.login(username, password));
  }

  async logout(): Promise<void> {
    try {
      await this.client.logout();
    } catch (error) {
      // An ended session is signed out already; anything else must be known.
      if (!(error instanceof ProblemError) || error.status !== 401) throw error;
    }
    this.#signedIn(null);
    this.router.go('/login');
  }

  #signedIn(user: User | null): void {
    this.user = user;
    this.uploads.setOwner(user?.account_id ?? null);
    this.reviews.forget();
  }

  #sessionEnded(): void {
    if (!this.user) return;
    this.announcer.say('Your session has ended. Sign in again to go on.', 'info');
    this.#signedIn(null);
  }

  #reached(reachable: boolean): void {
    if (reachable && !this.isReachable) {
      this.announcer.say('The server answers again.', 'good');
      this.uploads.resumeStalled();
    }
    this.isReachable = reachable;
    clearTimeout(this.#check);
    if (!reachable) this.#check = setTimeout(() => void this.#probe(), REACHABLE_CHECK_MS);
  }

  async #probe(): Promise<void> {
    try {
      // Never through the client: an ended session must not interrupt a look at the line.
      await fetch('/healthz', { cache: 'no-store' });
      this.#reached(true);
    } catch {
      this.#reached(false);
    }
  }
}

const KEY = Symbol('desk');

export function provideDesk(desk: Desk): Desk {
  return setContext(KEY, desk);
}

export function useDesk(): Desk {
  return getContext<Desk>(KEY);
}
