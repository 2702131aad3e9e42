import type { CauseEntry } from '../classify/catalogue.ts';
import type { Query } from './promql.ts';
import type { AlertName } from './settings/thresholds.ts';
import { GENERATED } from './yaml-file.ts';

/** What the page of one alert says, in the order in which a person who was just woken reads it. */
export interface RunbookPage {
  readonly meaning: string;
  readonly hurt: string;
  readonly confirm: readonly { readonly why: string; readonly query: Query }[];
  /** Causes of the catalogue that the alert may be about, the likeliest first, or free text where it is not about an answer. */
  readonly causes: readonly (CauseEntry | string)[];
  readonly steps: readonly string[];
  readonly falseWhen: readonly string[];
  /** What this alert does not say, so that nobody takes its silence for health. */
  readonly silent: readonly string[];
  readonly tune: readonly string[];
}

/** The same steps begin and end most pages. */
export const FIRST_STEPS = [
  'Read the cause in the notification, and what the table above says about it.',
  "See whether one model or all models of the provider fail (third query). All of them: look at the provider's status page first.",
] as const;
export const LAST_STEP =
  'If nothing helps, open a ticket with the provider: model, code, time of onset and some request ids from your log.';

const TUNE_WHERE =
  'These numbers are under `alerts:` in the configuration file ([docs/alerts.md](../../docs/alerts.md)); after a change run `llm-exporter generate --config.file=FILE`, then reload Prometheus.';

/** `alerts/runbooks/<name>.md`. */
export function renderRunbook(name: AlertName, page: RunbookPage): string {
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

function likelyCauses(causes: RunbookPage['causes']): string {
  const rows = causes.filter((cause) => typeof cause !== 'string').map(causeRow);
  const texts = causes.filter((cause) => typeof cause === 'string');
  const head = '| cause | what it is | who calls the API | who runs the platform |\n| --- | --- | --- | --- |\n';
  return [rows.length === 0 ? '' : head + rows.join('\n'), bullets(texts)].filter((part) => part !== '').join('\n\n');
}

function causeRow({ id, summary, advice, source }: CauseEntry): string {
  const cells = [`[\`${id}\`](${source})`, summary, advice.user, advice.ops];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}

function bullets(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n');
}
