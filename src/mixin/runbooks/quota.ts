import type { AlertEntry, PackContext } from '../alert.ts';
import { increase, promql, selectors, sumBy } from '../promql.ts';
import type { RunbookPage } from '../runbook.ts';
import { scaled } from '../settings/settings.ts';
import { READ_FAILURES, sharePage } from './codes.ts';

type QuotaAlert =
  | 'LLMApi429TokensPerMinute'
  | 'LLMApi429RequestsPerMinute'
  | 'LLMApiQuotaExhausted'
  | 'LLMOwnLimitShedding';

export function quotaPages(context: PackContext): Readonly<Record<QuotaAlert, AlertEntry['runbook']>> {
  return {
    LLMApi429TokensPerMinute: tokensPage(context),
    LLMApi429RequestsPerMinute: requestsPage(context),
    LLMApiQuotaExhausted: exhaustedPage(context),
    LLMOwnLimitShedding: ownLimitPage(context),
  };
}

/** What the answers said of the limit, which is not there for every provider. */
function limitQueries({ settings }: PackContext, resource: 'tokens' | 'requests') {
  const series = selectors(settings.selector);
  const left = series.gauge('llm_rate_limit_remaining', { resource });
  const limit = series.gauge('llm_rate_limit_limit', { resource });
  return [
    {
      why: `What is left of the limit of ${resource}, where the provider tells (1 is all of it):`,
      query: promql`${left} / (${limit} > 0)`,
    },
  ];
}

const BACK_OFF =
  'Make callers back off now: exponential backoff with jitter, honouring `Retry-After`; at most 3 tries; no retry of what is not urgent. Refused requests count against the limit with many providers, so retries keep it full.';
const MUTUAL_FALSE = [
  'A load test or a nightly batch that is meant to run at the limit: silence provider and model for its time, or give it a key of its own.',
  'One client in a loop on an otherwise quiet model: see the access log of your gateway.',
];

function tokensPage(context: PackContext): RunbookPage {
  const { settings } = context;
  const { numbers, confirm, ...page } = sharePage(context, {
    name: 'LLMApi429TokensPerMinute',
    counts: { cause: ['rate_limit_tpm', 'request_exceeds_tpm'] },
  });
  const tokens = increase(selectors(settings.selector).counter('llm_tokens_total'), scaled(settings, 120));
  return {
    ...page,
    meaning: `The account uses more tokens per minute (TPM) than it may, and the API refuses the rest with 429. ${numbers} The critical level means that most requests fail and go on failing.`,
    hurt: 'All callers that share the account: each gets some of the refusals. At the critical level they are without the API.',
    confirm: [
      ...confirm,
      ...limitQueries(context, 'tokens'),
      {
        why: 'Tokens per minute by model and type, to compare with the limit of the account:',
        query: promql`sort_desc(${sumBy(tokens, ['provider', 'model', 'token_type'])} / 2)`,
      },
    ],
    steps: [
      'Read the cause. `request_exceeds_tpm`: single requests are larger than the whole limit, and no waiting helps; shrink them or raise the limit. `rate_limit_tpm`: go on.',
      BACK_OFF,
      'Find who uses the tokens: the last query tells input from output, the access log of your gateway tells the client.',
      'Lower the use: shorter prompts and history, smaller `max_tokens` (some providers count it in advance), caching of equal prompts, large jobs off-peak.',
      'Ask the provider for a higher limit: at Novita through support, or by verifying the account.',
      'If you run the platform: throttle before the provider does (`proxy.throttle` of the exporter with `priorities`), so that the urgent callers get what there is.',
    ],
    falseWhen: MUTUAL_FALSE,
  };
}

function requestsPage(context: PackContext): RunbookPage {
  const { settings } = context;
  const { numbers, confirm, ...page } = sharePage(context, {
    name: 'LLMApi429RequestsPerMinute',
    counts: {
      cause: ['rate_limit_rpm', 'rate_limit_concurrency', 'rate_limit_unspecified', 'upstream_rate_limited'],
    },
  });
  const series = selectors(settings.selector);
  return {
    ...page,
    meaning: `There are more requests, per minute or at one time, than a limit allows, and the API refuses the rest with 429. ${numbers} The critical level means that most requests fail and go on failing.`,
    hurt: 'All callers that share the account. At the critical level they are without the API.',
    confirm: [
      ...confirm,
      ...limitQueries(context, 'requests'),
      {
        why: 'Requests under way, to compare with a limit on concurrency:',
        query: sumBy(series.gauge('llm_requests_in_flight'), ['provider', 'model']),
      },
    ],
    steps: [
      'Read the cause. `rate_limit_concurrency`: too many at one time. `upstream_rate_limited`: not your account but that of an aggregator; use another provider for the model, or a key of your own behind the aggregator. `rate_limit_unspecified`: compare both rates with the limits of the account.',
      BACK_OFF,
      'See whether it is load or a loop: has the number of requests risen (third query), and which client rose with it (access log of your gateway)?',
      'Send fewer and larger requests, spread scheduled jobs over the hour, cap parallel requests in each client.',
      'Ask the provider for a higher limit: at Novita through support, or by verifying the account.',
      'If you run the platform: put a queue before the API (`proxy.throttle.max_in_flight` with `priorities`), so that bursts wait and are not refused.',
    ],
    falseWhen: [
      ...MUTUAL_FALSE,
      'A gateway of your own (nginx `limit_req` with 429, a WAF) refuses, and not the API: its refusals name no limit of the account; see the newest failures on the status page.',
    ],
    silent: [
      ...page.silent,
      'A 429 whose cause is `surge_protection` is overload of the API and not your limit: LLMErrorBudgetBurnFast tells of it.',
    ],
  };
}

function exhaustedPage(context: PackContext): RunbookPage {
  const { numbers, ...page } = sharePage(context, {
    name: 'LLMApiQuotaExhausted',
    counts: { cause: ['quota_exhausted', 'insufficient_balance', 'rate_limit_daily'] },
  });
  return {
    ...page,
    meaning: `An account has no balance left, or has used up its quota of the day or month. It pages because it does not heal itself: until the period ends or somebody pays, every request fails. ${numbers}`,
    hurt: 'All callers of the account, on every model of the provider.',
    steps: [
      'Read the cause. `insufficient_balance`: money. `quota_exhausted`: a cap, plan or free tier. `rate_limit_daily`: a limit of the day.',
      "Money: open the billing page of the provider's console, top up, and switch on automatic top-up. Answers come within a minute or two; the second query shows it.",
      'Cap or plan: raise it in the console, or ask the owner of the account who can. Ask the provider for a higher daily limit.',
      'Meanwhile move what matters to another provider or account (`proxy.retries.fallback` of the exporter, or your router), and stop batch jobs. Retries do not help: switch them off.',
      'Afterwards: find out what used it up, by tokens per model of the last day, and set an alert in the console at 80 % of the balance or quota.',
    ],
    falseWhen: [
      'Callers bring keys of their own and one of them has run out: the second query shows a small share that does not grow. Raise `share`, or disable the alert if nobody here pays for any of the keys.',
      'A free-tier key of a developer is used up.',
    ],
    silent: [...page.silent, 'It does not tell that an account will run out soon: no API says so in its answers.'],
  };
}

function ownLimitPage(context: PackContext): RunbookPage {
  const { settings } = context;
  const { numbers, confirm, ...page } = sharePage(context, {
    name: 'LLMOwnLimitShedding',
    counts: { cause: ['shed_by_exporter'] },
  });
  const window = scaled(settings, settings.windowSeconds.warning);
  const series = selectors(settings.selector);
  return {
    ...page,
    meaning: `The exporter's own throttle (\`proxy.throttle\`) refuses requests with 503, as it was configured to; the API was not asked. ${numbers}`,
    hurt: 'Callers of the lowest priorities first. When it is much, LLMErrorBudgetBurnFast says so: whoever refuses, users are refused. LLMApi503Spike does not: it tells of the API.',
    confirm: [
      ...confirm,
      {
        why: 'Which priorities are sent away:',
        query: promql`${sumBy(increase(series.counter('llm_queue_rejected_total'), window), ['provider', 'priority'])} > 0`,
      },
      { why: 'How many wait:', query: sumBy(series.gauge('llm_queue_depth'), ['provider', 'priority']) },
      { why: 'How many are under way:', query: sumBy(series.gauge('llm_requests_in_flight'), ['provider', 'model']) },
    ],
    steps: [
      'See who is sent away (fourth query). Only the lowest priority: the throttle does its work, and nothing is to be done.',
      'The highest, too: has the load risen, or have answers become slower, so that each request holds its place for longer? Compare time to first token with its usual level on the dashboard.',
      'The API can take more: raise `proxy.throttle.max_in_flight`, or `queue` and `queue_timeout` for short bursts; reload with `kill -HUP`.',
      'It cannot: ask the provider for capacity, or give urgent callers a higher priority (`proxy.throttle.priorities`).',
      READ_FAILURES,
    ],
    falseWhen: ['A batch job is meant to be shed when others come: give it a priority of its own, and raise `share`.'],
  };
}
