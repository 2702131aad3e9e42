import { processorShare } from '../processor-time.ts';

/** So many minutes pass in one where nobody else wants the processor, and fewer the less of it is left: 60 s are a multiple of each. */
const TIME_SCALES = [30, 20, 15, 12, 10, 6] as const;
const SLOWEST = 5;
/** Up to here nothing comes late. */
const ENOUGH = 0.7;

/**
 * Of the rules' clock. Where others want the processor, a pause of ours would be a minute of the rules, and an alert that needs more of the
 * requests would come behind the one that it mutes. What the load of the machine was in the last minute would tell too late.
 */
export const TIME_SCALE = chooseTimeScale();

/** How often all happens, as a share of what is meant for the fastest clock: a minute of the rules sees as much by each of them. */
export const PACE = TIME_SCALE / TIME_SCALES[0];

function chooseTimeScale(): number {
  const most = (TIME_SCALES[0] * processorShare()) / ENOUGH;
  return TIME_SCALES.find((scale) => scale <= most) ?? SLOWEST;
}
