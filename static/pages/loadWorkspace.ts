import { offlineProblem } from '../api/problem';

const RELOADED = 'slidereel-reloaded-for-viewer';

/** Takes the same props, whatever is looked at. */
type Workspace = (typeof import('../editor/VideoWorkspace.svelte'))['default'];

const fetching = { slide: () => import('../editor/SlideWorkspace.svelte'), video: () => import('../editor/VideoWorkspace.svelte') };

/** The viewer, fetched when the first slide or video is opened. */
export const loadWorkspace = (kind: keyof typeof fetching): Promise<Workspace> => loadPart<Workspace>(fetching[kind]);

/** The review, which annotators never need. */
export const loadReview = () => loadPart(() => import('./review/ReviewPage.svelte'));

/** A page that was open while the server was updated asks for a file that is gone: it is loaded anew, once. */
async function loadPart<Part>(fetchPart: () => Promise<{ default: Part }>): Promise<Part> {
  try {
    const { default: part } = await fetchPart();
    sessionStorage.removeItem(RELOADED);
    return part;
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
