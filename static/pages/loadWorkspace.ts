import { offlineProblem } from '../api/problem';

const RELOADED = 'slidereel-reloaded-for-viewer';

type Workspace = (typeof import('../editor/SlideWorkspace.svelte'))['default'];

/**
 * The viewer, fetched when the first slide is opened. A page that was open while the server was updated asks for a file
 * that is gone: it is loaded anew, once.
 */
export async function loadWorkspace(): Promise<Workspace> {
  try {
    const { default: workspace } = await import('../editor/SlideWorkspace.svelte');
    sessionStorage.removeItem(RELOADED);
    return workspace;
  } catch (error) {
    if (!navigator.onLine) throw offlineProblem();
    if (sessionStorage.getItem(RELOADED) === null) {
      sessionStorage.setItem(RELOADED, 'yes');
      location.reload();
      return new Promise(() => undefined);
    }
    throw error;
  }
}
