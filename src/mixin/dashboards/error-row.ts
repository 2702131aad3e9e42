import { increase, promql, rate, sumBy } from '../promql.ts';
import type { Row } from './frame.ts';
import { IDLE, MODEL_LINK } from './links.ts';
import { byLabels, named, type Panels } from './panels.ts';
import { ofAnswer, ofFailure, RANGE, RATE, scope } from './scope.ts';

const NO_FAILURE = 'No failed request in this time';

/** What fails, by code and by cause, and where. */
export function errorRow(panels: Panels): Row {
  return { title: 'Errors', panels: [byCode(panels), byCause(panels), mostFailed(panels), byModel(panels)] };
}

const answers = scope.counter('llm_requests_total', ofAnswer);
const failures = scope.counter('llm_requests_total', ofFailure);

function byCode(panels: Panels) {
  return panels.graph({
    title: 'Failed requests by status code',
    description:
      'What clients saw. 200 is here too: an answer that broke off after its headers. 5xx: see the causes beside it; 429: own limits; other 4xx: the caller.',
    unit: 'reqps',
    width: 12,
    stacked: true,
    targets: [byLabels(sumBy(rate(failures, RATE), ['code']), ['code'])],
    noValue: NO_FAILURE,
  });
}

function byCause(panels: Panels) {
  return panels.graph({
    title: 'Failed requests by cause',
    description:
      'Why they failed. What to do about each cause is in the runbooks and on the status page of the exporter.',
    unit: 'reqps',
    width: 12,
    stacked: true,
    targets: [byLabels(sumBy(rate(failures, RATE), ['cause']), ['cause'])],
    noValue: NO_FAILURE,
  });
}

function mostFailed(panels: Panels) {
  const counts = sumBy(increase(failures, RANGE), ['provider', 'model', 'code', 'cause']);
  return panels.table({
    title: 'What failed most',
    description: 'Failed requests of the time shown, by model, code and cause. Click a model for its history.',
    unit: 'short',
    decimals: 0,
    width: 12,
    targets: [named(promql`topk(20, ${counts} >= 1)`, 'requests')],
    columns: ['provider', 'model', 'code', 'cause'],
    valueName: 'requests',
    modelLink: MODEL_LINK,
    noValue: NO_FAILURE,
  });
}

function byModel(panels: Panels) {
  return panels.graph({
    title: 'Requests by model',
    description:
      'All answers. A fall to nothing while clients are at work means that they cannot reach the API at all.',
    unit: 'reqps',
    width: 12,
    targets: [byLabels(sumBy(rate(answers, RATE), ['provider', 'model']), ['provider', 'model'])],
    noValue: IDLE,
  });
}
