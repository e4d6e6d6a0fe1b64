/** What there is to look at. Pure. */
import type { Review, ReviewPicture } from '../../api/review';
import type { Asset } from '../../api/types';

/** Of a slide, as a whole. */
const WHOLE_PX = 1024;

/** Whose before and after can be compared pixel by pixel come first; then those of many frames, the most telling first. */
const ORDER: readonly string[] = ['frame', 'maximum', 'minimum', 'median'];
const rankOf = ({ name }: ReviewPicture): number => {
  const rank = ORDER.indexOf(name.replace(/-.*$/, ''));
  return rank < 0 ? ORDER.length : rank;
};

/** The pictures that the scrub kept of the original; where there are none, the result alone, so that it can be judged all the same. */
export function picturesOf(review: Review, asset: Pick<Asset, 'asset_id' | 'state'>): readonly ReviewPicture[] {
  const { kind, frame_count, width_px, height_px } = review;
  // Of a single frame the darkest, the brightest and the middle value are that frame.
  const frames = frame_count === 1 ? review.pictures.filter(({ frame }) => frame !== null) : [];
  const pictures = frames.length > 0 ? frames : review.pictures;
  if (pictures.length > 0) return [...pictures].sort((a, b) => rankOf(a) - rankOf(b));
  if (asset.state !== 'awaiting_release' || !width_px || !height_px) return [];
  const scale = kind === 'slide' ? Math.max(1, Math.max(width_px, height_px) / WHOLE_PX) : 1;
  const after_url = kind === 'slide' ? `/api/v1/slides/${asset.asset_id}/thumbnail.jpg` : `/api/v1/videos/${asset.asset_id}/frames/0.jpg`;
  return [
    { name: 'result', frame: null, width_px: width_px / scale, height_px: height_px / scale, scale, space: 'asset', before_url: null, after_url },
  ];
}
