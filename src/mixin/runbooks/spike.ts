import type { PackContext } from '../alert.ts';
import { causesWithCodes } from '../causes.ts';
import { increase, promql, selectors, sumBy } from '../promql.ts';
import { FIRST_STEPS, LAST_STEP, type RunbookPage } from '../runbook.ts';
import { type MixinSettings, scaled } from '../settings/settings.ts';
import { codesOf, describeLevel, levelsOf, type SpikeAlert } from '../settings/spike-levels.ts';

const STEPS_503 = [
  'Make callers back off: exponential backoff with jitter from 1 s on, at most 3 tries, and no retry of requests that are not urgent.',
  'Spread the peak: move batch work to off-peak hours, lower the parallel requests per client, switch long answers to streaming.',
  'If you run the platform: scale the model out, check queue lengths and engine restarts, throttle per client with priorities instead of refusing at random.',
];
const STEPS_504 = [
  'Switch long answers to `stream: true`: the first token comes before the timeout, and each token resets an idle timeout.',
  'Raise what is too short on your side: client timeout and proxy timeout above 60 s, `proxy_read_timeout` in nginx.',
  'Lower `max_tokens`, or split the task, where streaming is not possible.',
  'If you run the platform: compare time to first token with its usual level; when that rose as well, the model is overloaded, so scale it out.',
];

export function spikePages(context: PackContext): Readonly<Record<SpikeAlert, RunbookPage>> {
  const words = (name: SpikeAlert) =>
    levelsOf(context.settings, name).map(([severity, level]) => describeLevel(context.settings, severity, level));
  return {
    LLMApi503Spike: {
      meaning: `One model answers 503 (service unavailable) more often than it should. ${words('LLMApi503Spike').join(' ')} 503 says "not now": the request was fine.`,
      hurt: 'Callers of that model see errors or, where they retry, slow answers. Other models of the provider may be fine.',
      ...commonPage(context, 'LLMApi503Spike'),
      steps: [...FIRST_STEPS, ...STEPS_503, LAST_STEP],
    },
    LLMApi503SpikeSevere: {
      meaning: `A large part of what one model answers is 503 (service unavailable). ${words('LLMApi503SpikeSevere').join(' ')} It mutes LLMApi503Spike on the same model.`,
      hurt: 'Most callers of that model: at this share their retries fail too, and multiply the load.',
      ...commonPage(context, 'LLMApi503SpikeSevere'),
      steps: [
        ...FIRST_STEPS,
        'Move traffic to another model or provider now, if you have one; shed batch work first.',
        ...STEPS_503,
        LAST_STEP,
      ],
    },
    LLMApi504Spike: {
      meaning: `A gateway gave up waiting for one model more often than it should. Warning: ${words('LLMApi504Spike').join(' Critical: ')} 524 is Cloudflare's word for the same.`,
      hurt: 'Callers have waited the whole gateway timeout, a minute or more, before they got the error; the provider may have billed the tokens.',
      ...commonPage(context, 'LLMApi504Spike'),
      steps: [...FIRST_STEPS, ...STEPS_504, LAST_STEP],
    },
  };
}

function commonPage({ settings, causes }: PackContext, name: SpikeAlert) {
  return {
    confirm: confirmSpike(settings, name),
    causes: causesWithCodes(causes, codesOf(settings, name)),
    falseWhen: [
      'A client with a bug sends the same failing request in a loop: the request count of the model jumps at the same moment.',
      'Little traffic: just above the guards, a few errors are a large share. Look at the counts (second query).',
      'A planned test of failure handling: silence provider and model for its time.',
      'Model "unknown": requests without a model, mostly refused by a gateway before it read one (`limit_req` in nginx). One client in a loop can be all of them: look for it in the access log of the gateway.',
    ],
    silent: silentSpike(settings, name),
    tune: tuneSpike(settings, name),
  };
}

function silentSpike(settings: MixinSettings, name: SpikeAlert): string[] {
  const never = settings.neverCriticalModels.map((model) => `"${model}"`).join(', ');
  return [
    'What the throttle of the exporter itself refuses (`shed_by_exporter`) is not counted here: see LLMOwnLimitShedding, and LLMErrorBudgetBurnFast when it is much.',
    ...levelsOf(settings, name).map(([severity, { minBad, minTotal }]) => {
      const window = scaled(settings, settings.windowSeconds[severity]);
      return `Under ${minTotal} answers of a model in ${window}, or under ${minBad} bad ones, there is no ${severity} alert, even if all fail; LLMLowVolumeSustainedErrors takes over after some hours.`;
    }),
    ...(never === ''
      ? []
      : [
          `Model ${never} warns and never pages. If your log names no model, all of its traffic is "unknown": log the model, as deploy/nginx/llm-log.conf does, or change \`never_critical_models\`. Model "other" does page: a model that fails since the exporter started has no proven name yet and is counted there.`,
        ]),
  ];
}

function confirmSpike(settings: MixinSettings, name: SpikeAlert) {
  const series = selectors(settings.selector);
  const window = scaled(settings, settings.windowSeconds.warning);
  const code = { any: codesOf(settings, name) };
  const ratio = series.recorded('provider_model_code:llm_requests_per_requests:ratio_increase5m', { code });
  return [
    { why: 'The share of bad answers, by model:', query: promql`${ratio} > 0` },
    {
      why: 'How many, and why:',
      query: promql`sort_desc(${sumBy(increase(series.counter('llm_requests_total', { code }), window), ['provider', 'model', 'code', 'cause'])} > 0)`,
    },
    {
      why: 'All answers of the provider, by model and code:',
      query: promql`${sumBy(increase(series.counter('llm_requests_total'), window), ['provider', 'model', 'code'])} > 0`,
    },
  ];
}

function tuneSpike(settings: MixinSettings, name: SpikeAlert): string[] {
  return levelsOf(settings, name).flatMap(([severity, { share, minBad, minTotal, forSeconds }]) => {
    const key = `thresholds.${name}.${severity}`;
    return [
      `Too often: raise \`${key}.share\` (now ${share}) or, with little traffic, \`min_bad\` (${minBad}) and \`min_total\` (${minTotal}).`,
      `Too late: lower \`${key}.for\` (now ${scaled(settings, forSeconds)}); below two evaluations a single bad scrape decides.`,
    ];
  });
}
