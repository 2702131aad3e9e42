import type { Catalogue, CauseEntry } from '../classify/catalogue.ts';
import { ALERT_NAMES, type AlertName, describeLevel } from './alerts.ts';
import { causesWithCodes } from './causes.ts';
import { increase, promql, type Query, selectors, sumBy } from './promql.ts';
import { alertedCodes } from './recording.ts';
import { type MixinSettings, type Spike, type SpikeSeverity, scaled } from './settings.ts';
import { GENERATED } from './yaml-file.ts';

/** What the page of one alert says, in the order in which a person who was just woken reads it. */
interface Runbook {
  readonly meaning: string;
  readonly hurt: string;
  readonly confirm: readonly { readonly why: string; readonly query: Query }[];
  /** Causes of the catalogue that come with the alert's codes, or free text where it is not about an answer. */
  readonly causes: readonly CauseEntry[] | readonly string[];
  readonly steps: readonly string[];
  readonly falseWhen: readonly string[];
  /** What this alert does not say, so that nobody takes its silence for health. */
  readonly silent: readonly string[];
  readonly tune: readonly string[];
}

/** One page per alert, by alert name. */
export function renderRunbooks(settings: MixinSettings, causes: Catalogue['causes']): ReadonlyMap<AlertName, string> {
  const pages = runbooks(settings, causes);
  return new Map(ALERT_NAMES.map((name) => [name, renderPage(name, pages[name])]));
}

function runbooks(settings: MixinSettings, causes: Catalogue['causes']): Readonly<Record<AlertName, Runbook>> {
  const { spike503, spike504 } = settings;
  return {
    LLMApi503Spike: {
      meaning: `One model answers 503 (service unavailable) more often than it should. ${describeLevel(settings, spike503, 'warning')} 503 says "not now": the request was fine.`,
      hurt: 'Callers of that model see errors or, where they retry, slow answers. Other models of the provider may be fine.',
      ...spikePage(settings, causes, 'spike503', ['warning']),
      steps: [...FIRST_STEPS, ...STEPS_503, LAST_STEP],
    },
    LLMApi503SpikeSevere: {
      meaning: `A large part of what one model answers is 503 (service unavailable). ${describeLevel(settings, spike503, 'critical')} It mutes LLMApi503Spike on the same model.`,
      hurt: 'Most callers of that model: at this share their retries fail too, and multiply the load.',
      ...spikePage(settings, causes, 'spike503', ['critical']),
      steps: [
        ...FIRST_STEPS,
        'Move traffic to another model or provider now, if you have one; shed batch work first.',
        ...STEPS_503,
        LAST_STEP,
      ],
    },
    LLMApi504Spike: {
      meaning: `A gateway gave up waiting for one model more often than it should. Warning: ${describeLevel(settings, spike504, 'warning')} Critical: ${describeLevel(settings, spike504, 'critical')} 524 is Cloudflare's word for the same.`,
      hurt: 'Callers have waited the whole gateway timeout, a minute or more, before they got the error; the provider may have billed the tokens.',
      ...spikePage(settings, causes, 'spike504', ['warning', 'critical']),
      steps: [...FIRST_STEPS, ...STEPS_504, LAST_STEP],
    },
    LLMExporterTargetDown: targetDown(settings),
  };
}

const FIRST_STEPS = [
  'Read the cause in the notification, and what the table above says about it.',
  "See whether one model or all models of the provider fail (third query). All of them: look at the provider's status page first.",
];
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
const LAST_STEP =
  'If nothing helps, open a ticket with the provider: model, code, time of onset and some request ids from your log.';

const TUNE_WHERE =
  'These numbers live in `src/mixin/settings.ts`; after a change run `npm run generate`, then reload Prometheus.';

type SpikeKey = 'spike503' | 'spike504';

function spikePage(
  settings: MixinSettings,
  causes: Catalogue['causes'],
  key: SpikeKey,
  levels: readonly SpikeSeverity[],
) {
  const spike = settings[key];
  return {
    confirm: confirmSpike(settings, spike),
    causes: causesWithCodes(causes, spike.codes),
    falseWhen: [
      'A client with a bug sends the same failing request in a loop: the request count of the model jumps at the same moment.',
      'Little traffic: just above the guards, a few errors are a large share. Look at the counts (second query).',
      'A planned test of failure handling: silence provider and model for its time.',
      'Model "unknown": requests without a model, mostly refused by a gateway before it read one (`limit_req` in nginx). One client in a loop can be all of them: look for it in the access log of the gateway.',
    ],
    silent: silentSpike(settings, spike, levels),
    tune: tuneSpike(key, spike, levels),
  };
}

function silentSpike(settings: MixinSettings, spike: Spike, levels: readonly SpikeSeverity[]): string[] {
  const codes = alertedCodes(settings).join(', ');
  const never = settings.neverCriticalModels.map((model) => `"${model}"`).join(', ');
  return [
    ...levels.map((level) => {
      const window = scaled(settings, settings.windowSeconds[level]);
      return `Under ${spike[level].minTotal} answers of a model in ${window}, or under ${spike[level].minBad} bad ones, there is no ${level} alert, even if all fail.`;
    }),
    `Only ${codes} have alerts yet: a model that answers nothing but 500, 502, 429 or 401 shows on the dashboards and notifies nobody.`,
    ...(never === ''
      ? []
      : [
          `Model ${never} warns and never pages. If your log names no model, all of its traffic is "unknown": log the model, as deploy/nginx/llm-log.conf does, or change \`neverCriticalModels\`. Model "other" does page: a model that fails since the exporter started has no proven name yet and is counted there.`,
        ]),
  ];
}

function confirmSpike(settings: MixinSettings, { codes }: Spike) {
  const series = selectors(settings.selector);
  const window = scaled(settings, settings.windowSeconds.warning);
  const code = { any: codes };
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

function tuneSpike(key: SpikeKey, spike: Spike, levels: readonly SpikeSeverity[]): string[] {
  return levels.flatMap((name) => {
    const level = spike[name];
    return [
      `Too often: raise \`${key}.${name}.ratio\` (now ${level.ratio}) or, with little traffic, \`minBad\` (${level.minBad}) and \`minTotal\` (${level.minTotal}).`,
      `Too late: lower \`${key}.${name}.forSeconds\` (now ${level.forSeconds}); below two evaluations a single bad scrape decides.`,
    ];
  });
}

function targetDown(settings: MixinSettings): Runbook {
  const series = selectors(settings.selector);
  const { forSeconds, rememberSeconds } = settings.targetDown;
  return {
    meaning: `Prometheus could not scrape an llm-exporter for ${scaled(settings, forSeconds)}, though it did within the last ${scaled(settings, rememberSeconds)}.`,
    hurt: 'You: errors of the traffic behind it are not counted now. Callers too, if it is the proxy in their path.',
    confirm: [
      { why: 'Exporters that do not answer:', query: promql`${series.up()} == 0` },
      { why: 'Those that do, with their versions:', query: series.gauge('llm_exporter_build_info') },
    ],
    causes: [
      'The process has ended or restarts in a loop: its last log lines say why.',
      'Its address changed, or a firewall or network policy stands between it and Prometheus.',
      'It was told to listen on loopback only, and Prometheus runs elsewhere: the default of `--web.listen-address` is `:9503`, all interfaces.',
      'The scrape configuration says `scheme: https` or another port: the exporter speaks plain HTTP and has no TLS or basic auth yet.',
      'A scrape takes longer than the scrape timeout: see the error on the Targets page of Prometheus.',
    ],
    steps: [
      'Open the Targets page of Prometheus and read the error of this target.',
      'On its machine: `curl -s http://127.0.0.1:9503/-/healthy`. No answer: read its log, start it again.',
      'An answer: run the same from the machine of Prometheus; what fails there is the network.',
      'Know the gap: counters live in memory and begin at 0 after a restart, which `rate()` and `increase()` handle, and log lines written while it was down are not read. Failures of that time are in the log of the gateway only.',
    ],
    falseWhen: [
      'It was removed on purpose, and Prometheus still has the target: remove it there.',
      'A machine is under maintenance: silence its instance.',
    ],
    silent: [
      `It ends by itself after ${scaled(settings, rememberSeconds)} though the target is still down: by then Prometheus has forgotten that it ever was an llm-exporter. Until then: bring it back, or remove the target.`,
      'A target that never answered, or that service discovery no longer lists (a deleted pod), has no `up` of its own to alert on.',
    ],
    tune: [
      `Deploys that take longer: raise \`targetDown.forSeconds\` (now ${forSeconds}).`,
      `Remembered for too short a time: raise \`targetDown.rememberSeconds\` (now ${rememberSeconds}), below Prometheus' retention.`,
      'Only some exporters matter: set `selector`, for example `job="llm-exporter"`.',
    ],
  };
}

function renderPage(name: AlertName, page: Runbook): string {
  const sections = [
    ['What it means', page.meaning],
    ['Who is hurt', page.hurt],
    [
      'How to confirm',
      page.confirm.map(({ why, query }) => `${why}\n\n\`\`\`promql\n${query.text}\n\`\`\``).join('\n\n'),
    ],
    ['Likely causes', likelyCauses(page.causes)],
    ['What to do', page.steps.map((step, index) => `${index + 1}. ${step}`).join('\n')],
    ['When it is false', bullets(page.falseWhen)],
    ['When it stays silent', bullets(page.silent)],
    ['How to tune', bullets([...page.tune, TUNE_WHERE])],
  ];
  const text = sections.map(([title, body]) => `## ${title}\n\n${body}\n`).join('\n');
  return `<!-- ${GENERATED} -->\n\n# ${name}\n\n${text}`;
}

function likelyCauses(causes: readonly CauseEntry[] | readonly string[]): string {
  const rows = causes.map((cause) => (typeof cause === 'string' ? `- ${cause}` : causeRow(cause)));
  const isTable = causes.some((cause) => typeof cause !== 'string');
  const head = '| cause | what it is | who calls the API | who runs the platform |\n| --- | --- | --- | --- |\n';
  return (isTable ? head : '') + rows.join('\n');
}

function causeRow({ id, summary, advice, source }: CauseEntry): string {
  const cells = [`[\`${id}\`](${source})`, summary, advice.user, advice.ops];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}

function bullets(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n');
}
