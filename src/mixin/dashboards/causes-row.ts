import { increase, maxBy, promql, rate, sumBy } from '../promql.ts';
import type { Row } from './frame.ts';
import { byLabels, named, type Panels } from './panels.ts';
import { ofFailure, RANGE, RATE, scope } from './scope.ts';

const NO_FAILURE = 'No failed request in this time';

/** Code by cause, who must act, and how sure the exporter is. */
export function causesRow(panels: Panels): Row {
  return { title: 'Code and cause', panels: [matrix(panels), overTime(panels), evidence(panels)] };
}

const failures = scope.counter('llm_requests_total', ofFailure);

function matrix(panels: Panels) {
  const counts = sumBy(increase(failures, RANGE), ['code', 'cause']);
  const owners = maxBy(scope.gauge('llm_cause_info'), ['cause', 'owner', 'retryable']);
  return panels.table({
    title: 'Code by cause',
    description: 'Failed requests of the time shown, with who must act. The runbooks say what to do about each cause.',
    unit: 'short',
    decimals: 0,
    width: 10,
    targets: [named(promql`${counts} * on (cause) group_left (owner, retryable) ${owners} >= 1`, 'requests')],
    columns: ['code', 'cause', 'owner', 'retryable'],
    valueName: 'requests',
    noValue: NO_FAILURE,
  });
}

function overTime(panels: Panels) {
  return panels.graph({
    title: 'Causes over time',
    description: 'Which cause began when. Look at the first to rise; the others often follow from it.',
    unit: 'reqps',
    width: 8,
    stacked: true,
    targets: [byLabels(sumBy(rate(failures, RATE), ['cause']), ['cause'])],
    noValue: NO_FAILURE,
  });
}

function evidence(panels: Panels) {
  const decided = scope.counter('llm_classifications_total', { provider: { variable: 'provider' } });
  return panels.graph({
    title: 'Evidence for the causes',
    description:
      'What decided a cause. `timing` and `status` are inferred, not read: many of them mean that the log lacks error bodies.',
    unit: 'reqps',
    width: 6,
    stacked: true,
    targets: [byLabels(sumBy(rate(decided, RATE), ['basis']), ['basis'])],
    noValue: NO_FAILURE,
  });
}
