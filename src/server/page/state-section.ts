import type { Status } from '../status.ts';
import { formatBytes, formatTime } from './figures.ts';
import { type Html, html } from './html.ts';

const LOADS: Readonly<Record<NonNullable<Status['state']>['load'], string>> = {
  restored: 'counters and read positions of the run before were taken up',
  empty: 'there was nothing to take up',
  corrupt: 'what the run before left could not all be read',
};

/** How what must outlive a restart is doing. */
export function stateSection(state: Status['state']): Html {
  if (state === undefined) return html``;
  const { dir, load, lastWriteMs, bytes, trouble } = state;
  const written = lastWriteMs === undefined ? 'not yet' : `${formatTime(lastWriteMs)} UTC, ${formatBytes(bytes)}`;
  return html`<h2>State</h2>
<p><code>${dir}</code>: ${LOADS[load]}.</p>
<p>Last written: ${written}${trouble === undefined ? '' : html` <span class="bad">(${trouble})</span>`}</p>`;
}
