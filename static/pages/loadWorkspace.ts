import { offlineProblem } from '../api/problem';

const RELOADED = 'slidereel-reloaded-for-viewer';

/** Takes the same props, whatever is looked at. */
type Workspace = (typeof import('../editor/VideoWorkspace.svelte'))['default'];

const fetching = { slide: () => import('../editor/SlideWorkspace.svelte'), video: () => import('../editor/VideoWorkspace.svelte') };

/**
 * The viewer, fetched when the first slide or video is opened. A page that was open while the server was updated asks for a
 * file that is gone: it is loaded anew, once.
 */
export async function loadWorkspace(kind: keyof typeof fetching): Promise<Workspace> {
  try {
    const { default: workspace } = await fetching[kind]();
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
