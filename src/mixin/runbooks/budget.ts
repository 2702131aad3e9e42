import type { AlertEntry, PackContext } from '../alert.ts';
import { causesNamed, failureCauses } from '../causes.ts';
import { increase, promql, selectors, sumBy } from '../promql.ts';
import { BUDGET_PERIOD, objectiveWindow } from '../recording/objective.ts';
import { FIRST_STEPS, LAST_STEP, type RunbookPage } from '../runbook.ts';
import { type Burn, burnLimit, burns, errorBudget } from '../settings/burns.ts';
import { scaled } from '../settings/settings.ts';
import { percent } from '../share.ts';
import { tuneLines } from '../tuning.ts';

type BudgetPage = 'fast' | 'medium' | 'slow' | 'lowVolume';

export function budgetPages(context: PackContext): Readonly<Record<BudgetPage, AlertEntry['runbook']>> {
  const { fast, medium, slow } = burns(context.settings);
  return {
    fast: fastPage(context, fast),
    medium: mediumPage(context, medium),
    slow: slowPage(context, slow),
    lowVolume: lowVolumePage(context),
  };
}

/** Everything that most of these pages say alike. */
function commonPage(context: PackContext, burn: Burn) {
  const { settings, causes } = context;
  const { long, short } = burn;
  const recorded = selectors('');
  const failed = selectors(settings.selector).counter('llm_requests_total', {
    cause: { any: failureCauses(causes) },
  });
  const ratio = (window: typeof long | typeof short) =>
    window === '5m'
      ? recorded.recorded('provider_model:llm_requests_failed_per_requests:ratio_increase5m')
      : promql`${recorded.recorded(`provider_model:llm_requests_failed:increase${window}`)} / (${recorded.recorded(`provider_model:llm_requests:increase${window}`)} > 0)`;
  return {
    confirm: [
      {
        why: `The share that failed over ${objectiveWindow(settings, long)}, by model; ${percent(errorBudget(settings))} may:`,
        query: promql`sort_desc(${ratio(long)} > 0)`,
      },
      {
        why: `The same over ${objectiveWindow(settings, short)}; lower than before means that it is getting better:`,
        query: promql`sort_desc(${ratio(short)} > 0)`,
      },
      {
        why: 'All models of the provider, by code and cause:',
        query: promql`sort_desc(${sumBy(increase(failed, objectiveWindow(settings, short)), ['provider', 'model', 'code', 'cause'])} > 0)`,
      },
      {
        why: 'Seconds that a whole budget would last like this:',
        query: recorded.recorded(`provider_model:llm_error_budget_lifetime_seconds:increase${long}`),
      },
    ],
    causes: causesNamed(causes, failureCauses(causes)),
    falseWhen: [
      'An outage that is over and was paged: the second query is near 0. Nothing is to be done; it ends by itself.',
      'Little traffic: a few failures are a large share. Look at the counts (third query).',
      'The objective is higher than the provider ever was: see the first query for quiet days, and set `slo.objective` to what you would really act on.',
    ],
    tune: [
      ...tuneLines(settings, burn.name),
      `The objective is \`slo.objective\` (now ${settings.slo.objective}): it moves all burn alerts at once.`,
    ],
  };
}

function describeBurn(context: PackContext, burn: Burn): string {
  const { settings } = context;
  const { factor, minBad } = burn;
  return `Above ${percent(burnLimit(settings, burn))} of the answers (${factor} times ${percent(errorBudget(settings))}) over ${objectiveWindow(settings, burn.long)} and over ${objectiveWindow(settings, burn.short)}, with at least ${minBad} failures.`;
}

const BUDGET = `Only failures of the provider or the platform count; what a caller did wrong, or his limits, do not.`;
const MITIGATE = [
  'Move traffic to another model or provider if you have one, and stop batch work.',
  'Make callers back off: exponential backoff with jitter, at most 3 tries; stream long answers; client and proxy timeouts above 60 s; off-peak for what can wait.',
];

function fastPage(context: PackContext, burn: Burn): RunbookPage {
  const { settings } = context;
  const never = settings.neverCriticalModels.map((model) => `"${model}"`).join(', ');
  return {
    ...commonPage(context, burn),
    meaning: `One model fails so much that the error budget of ${BUDGET_PERIOD} would be gone in about two days. ${describeBurn(context, burn)} ${BUDGET}`,
    hurt: 'Callers of that model, now. It pages when no alert with a more exact name does: failures of mixed codes, or below the levels of the spikes.',
    steps: [...FIRST_STEPS, ...MITIGATE, LAST_STEP],
    silent: [
      `Below ${burn.minBad} failures in ${objectiveWindow(settings, burn.long)}; LLMLowVolumeSustainedErrors takes over.`,
      ...(never === '' ? [] : [`Model ${never} never pages; LLMErrorBudgetBurnSlow warns of it.`]),
    ],
  };
}

function mediumPage(context: PackContext, burn: Burn): RunbookPage {
  const { settings } = context;
  const { quietSeconds } = settings.thresholds.LLMErrorBudgetBurnMedium.critical;
  return {
    ...commonPage(context, burn),
    meaning: `One model has failed too much for hours: the error budget of ${BUDGET_PERIOD} would be gone in about five days. ${describeBurn(context, burn)} ${BUDGET}`,
    hurt: 'Callers of that model: few enough at any moment that no spike fires, for long enough that many have met it.',
    steps: [
      ...FIRST_STEPS,
      'Find the onset on the dashboard, and what changed then: a release, a new client, a new model version, the provider.',
      ...MITIGATE,
      LAST_STEP,
    ],
    silent: [
      `For ${scaled(settings, quietSeconds)} after a page about the same model or provider, which has said more.`,
      `Below ${burn.minBad} failures in ${objectiveWindow(settings, burn.long)}.`,
    ],
  };
}

function slowPage(context: PackContext, [day, days]: readonly [Burn, Burn]): RunbookPage {
  const { settings } = context;
  return {
    ...commonPage(context, day),
    meaning: `One model fails more than the objective allows, day after day. ${describeBurn(context, day)} Or: ${describeBurn(context, days)} ${BUDGET} A ticket, never a page.`,
    hurt: `Few callers at any moment. But the objective of ${percent(settings.slo.objective)} will be missed.`,
    steps: [
      'See which causes make up most of it (third query), and whether they come at certain hours or from certain clients.',
      'Overload at peak hours (`model_overloaded`, `surge_protection`): move batch work off-peak, ask the provider for capacity, or add a second model.',
      'Timeouts (`upstream_timeout`): stream, raise client and proxy timeouts above 60 s, lower `max_tokens`.',
      'Broken streams or connections (`stream_interrupted`, `upstream_bad_response`): compare idle timeouts and keep-alive on the way.',
      'None of it can be helped: choose another model, or an objective that the provider can keep.',
      LAST_STEP,
    ],
    silent: [
      `Below ${day.minBad} failures in the long window.`,
      'It takes an hour to fire and hours to end: it is no alert for an outage.',
    ],
  };
}

function lowVolumePage({ settings, causes }: PackContext): RunbookPage {
  const { share, minBad, maxTotal, forSeconds } = settings.thresholds.LLMLowVolumeSustainedErrors.warning;
  const window = objectiveWindow(settings, '6h');
  const recorded = selectors('');
  const bad = recorded.recorded('provider_model:llm_requests_failed:increase6h');
  const all = recorded.recorded('provider_model:llm_requests:increase6h');
  const failed = selectors(settings.selector).counter('llm_requests_total', {
    cause: { any: failureCauses(causes) },
  });
  return {
    meaning: `A model that is seldom asked fails most of the time: above ${percent(share)} of fewer than ${maxTotal} answers of ${window}, at least ${minBad} of them, for ${scaled(settings, forSeconds)}. The guards of the other alerts, which keep a handful of errors from paging, leave this hole.`,
    hurt: 'The few who use it: a nightly job, an internal tool. For them it is an outage that nobody else sees.',
    confirm: [
      { why: 'The share that failed:', query: promql`${bad} / (${all} > 0) > 0` },
      { why: 'How many answers there were:', query: all },
      {
        why: 'By code and cause:',
        query: promql`sort_desc(${sumBy(increase(failed, window), ['provider', 'model', 'code', 'cause'])} > 0)`,
      },
    ],
    causes: causesNamed(causes, failureCauses(causes)),
    steps: [
      'Read the cause in the notification, and what the table above says about it.',
      'Ask the model yourself, once, with a short prompt, the way its callers do. It answers: it is their kind of request (length, tools, no streaming).',
      'It fails: try another model of the provider. All fail: see the status page of the provider.',
      'Find its user in the access log of your gateway, and tell him; a job that runs once an hour may not have noticed.',
      LAST_STEP,
    ],
    falseWhen: [
      'A model that was tried once and given up.',
      'A job that retries for ever on an endpoint which is known to be dead: stop the job.',
    ],
    silent: [
      `From ${maxTotal} answers in ${window} on, the other alerts have enough to go by.`,
      `Below ${minBad} failures in ${window}: one request every two hours is not watched.`,
      'Faults of the caller do not count, however many.',
    ],
    tune: tuneLines(settings, 'LLMLowVolumeSustainedErrors'),
  };
}
