import { type Html, html } from '../../server/page/html.ts';
import type { Backtest, Firing } from '../backtest/result.ts';

const WIDTH = 960;
const LEFT = 230;
const LANE = 24;
const BAR = 14;
const CHART = 70;
const AXIS = 22;
/** What is shorter would not be seen. */
const MIN_BAR = 2;
const TICKS = 7;

/** When which alert was pending and firing, over the traffic of that time: one picture, as SVG. */
export function timeline({ firings, periods, traffic }: Pick<Backtest, 'firings' | 'periods' | 'traffic'>): Html {
  const startMs = periods[0]?.startMs ?? 0;
  const endMs = Math.max(periods.at(-1)?.endMs ?? 0, startMs + 1);
  const x = (ms: number) => LEFT + ((ms - startMs) / (endMs - startMs)) * (WIDTH - LEFT - 10);
  const lanes = [...Map.groupBy(firings, laneName)];
  const height = CHART + lanes.length * LANE + AXIS + 10;
  return html`<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Timeline of alerts">
${chart(traffic, x)}
${lanes.map(([name, own], lane) => laneOf(name, own, { y: CHART + 8 + lane * LANE, x, endMs }))}
${axis({ startMs, endMs, x, y: CHART + 8 + lanes.length * LANE })}
</svg>`;
}

function laneName({ alert, severity }: Firing): string {
  return `${alert} (${severity})`;
}

type Scale = (ms: number) => number;

function chart(traffic: Backtest['traffic'], x: Scale): Html {
  const top = Math.max(1, ...traffic.map(({ requests }) => requests));
  const area = (value: (point: Backtest['traffic'][number]) => number) => {
    const points = traffic.map(
      (point) => `${x(point.timeMs).toFixed(1)},${(CHART * (1 - value(point) / top)).toFixed(1)}`,
    );
    const [first, last] = [traffic[0], traffic.at(-1)];
    if (first === undefined || last === undefined) return '';
    return `${x(first.timeMs).toFixed(1)},${CHART} ${points.join(' ')} ${x(last.timeMs).toFixed(1)},${CHART}`;
  };
  return html`<text x="0" y="14" class="name">requests</text><text x="0" y="32" class="name failed">failed</text>
<polygon class="requests" points="${area(({ requests }) => requests)}"/>
<polygon class="failed" points="${area(({ failed }) => failed)}"/>`;
}

function laneOf(
  name: string,
  firings: readonly Firing[],
  { y, x, endMs }: { readonly y: number; readonly x: Scale; readonly endMs: number },
): Html {
  const bars = firings.map((firing) => {
    const end = firing.endMs ?? endMs;
    const labels = Object.entries(firing.labels).map(([label, value]) => `${label}=${value}`);
    const title = `${new Date(firing.firingMs).toISOString()} ${labels.join(' ')}`;
    return html`<g><title>${title}</title>${bar('pending', x(firing.pendingMs), x(firing.firingMs), y)}${bar(
      severityClass(firing.severity),
      x(firing.firingMs),
      Math.max(x(end), x(firing.firingMs) + MIN_BAR),
      y,
    )}</g>`;
  });
  return html`<text x="0" y="${y + BAR - 2}" class="name">${name}</text><line class="lane" x1="${LEFT}" x2="${WIDTH - 10}" y1="${y + BAR / 2}" y2="${y + BAR / 2}"/>${bars}
`;
}

function bar(kind: string, from: number, to: number, y: number): Html {
  return html`<rect class="${kind}" x="${from.toFixed(1)}" y="${y}" width="${Math.max(0, to - from).toFixed(1)}" height="${BAR}"/>`;
}

/** Severities are the rule file's own words. */
function severityClass(severity: string): string {
  return severity === 'critical' || severity === 'warning' ? severity : 'info';
}

function axis({
  startMs,
  endMs,
  x,
  y,
}: {
  readonly startMs: number;
  readonly endMs: number;
  readonly x: Scale;
  readonly y: number;
}): Html {
  const stepMs = (endMs - startMs) / TICKS;
  const isLong = stepMs > 12 * 3_600_000;
  const ticks = Array.from({ length: TICKS }, (_, at) => startMs + (at + 0.5) * stepMs).map((ms) => {
    const text = new Date(ms).toISOString();
    const shown = isLong ? text.slice(5, 10) : text.slice(5, 16).replace('T', ' ');
    return html`<text class="tick" x="${x(ms).toFixed(1)}" y="${y + AXIS - 6}" text-anchor="middle">${shown}</text>`;
  });
  return html`<line class="axis" x1="${LEFT}" x2="${WIDTH - 10}" y1="${y}" y2="${y}"/>${ticks}`;
}
