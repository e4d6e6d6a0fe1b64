/** What there is to look at. Pure. */
import type { Review, ReviewPicture } from '../../api/review';
import type { Asset } from '../../api/types';

/** Of a slide, as a whole. */
const WHOLE_PX = 1024;

/** The pictures that the scrub kept of the original; where there are none, the result alone, so that it can be judged all the same. */
export function picturesOf(review: Review, asset: Pick<Asset, 'asset_id' | 'state'>): readonly ReviewPicture[] {
  const { kind, pictures, width_px, height_px } = review;
  if (pictures.length > 0 || asset.state !== 'awaiting_release' || !width_px || !height_px) return pictures;
  const scale = kind === 'slide' ? Math.max(1, Math.max(width_px, height_px) / WHOLE_PX) : 1;
  const after_url = kind === 'slide' ? `/api/v1/slides/${asset.asset_id}/thumbnail.jpg` : `/api/v1/videos/${asset.asset_id}/frames/0.jpg`;
  return [
    { name: 'result', frame: null, width_px: width_px / scale, height_px: height_px / scale, scale, space: 'asset', before_url: null, after_url },
  ];
}
