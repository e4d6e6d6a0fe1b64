/** Short news of what just happened: shown for a while, and read out by screen readers. */

export interface Toast {
  id: number;
  text: string;
  kind: 'info' | 'good' | 'bad';
}

const SHOWN_MS = 6000;
const SHOWN_AT_ONCE = 3;

export class Announcer {
  toasts = $state<Toast[]>([]);
  #next = 1;

  say(text: string, kind: Toast['kind'] = 'info'): void {
    const toast = { id: this.#next++, text, kind };
    this.toasts = [...this.toasts, toast].slice(-SHOWN_AT_ONCE);
    if (kind !== 'bad') setTimeout(() => this.dismiss(toast.id), SHOWN_MS);
  }

  dismiss(id: number): void {
    this.toasts = this.toasts.filter((toast) => toast.id !== id);
  }
}
