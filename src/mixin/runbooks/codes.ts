import type { AlertEntry, PackContext } from '../alert.ts';
import { type CauseShare, shareLevels } from '../cause-share.ts';
import { causesNamed, causesWithCodes } from '../causes.ts';
import { increase, promql, selectors, sumBy, sumWithout } from '../promql.ts';
import { LAST_STEP, type RunbookPage } from '../runbook.ts';
import { scaled } from '../settings/settings.ts';
import { describeShare } from '../share.ts';
import { tuneLines } from '../tuning.ts';

type Page = AlertEntry['runbook'];

/** Where the exporter shows its newest failures, with the words that decided. */
export const READ_FAILURES =
  'Read the newest failures, with the rule that decided each: `curl -s http://127.0.0.1:9503/api/v1/failures` on the machine of the exporter, or its status page (`http://127.0.0.1:9503/`).';

/** What the page of any alert on a share of the answers says of numbers, queries and silence. */
export function sharePage(context: PackContext, { name, counts }: Pick<CauseShare, 'name' | 'counts'>) {
  const { settings, causes } = context;
  const windowSeconds = settings.windowSeconds.warning;
  const series = selectors(settings.selector);
  const chosen = 'code' in counts ? { code: { any: counts.code } } : { cause: { any: counts.cause } };
  const bad = increase(series.counter('llm_requests_total', chosen), scaled(settings, windowSeconds));
  const all = increase(series.counter('llm_requests_total'), scaled(settings, windowSeconds));
  const levels = shareLevels(settings, name);
  return {
    numbers: levels
      .map(([severity, level]) => `${severity}: ${describeShare(settings, 'answers', { ...level, windowSeconds })}`)
      .join(' '),
    confirm: [
      {
        why: 'How many, by model and cause:',
        query: promql`sort_desc(${sumBy(bad, ['provider', 'model', 'code', 'cause'])} > 0)`,
      },
      {
        why: 'Their share of all answers, by model:',
        query: promql`sort_desc(${sumBy(bad, ['provider', 'model'])} / (${sumBy(all, ['provider', 'model'])} > 0) > 0)`,
      },
      {
        why: 'All answers of the provider, by model and code, to see whether anything else changed:',
        query: promql`${sumBy(all, ['provider', 'model', 'code'])} > 0`,
      },
    ],
    causes: 'code' in counts ? causesWithCodes(causes, counts.code) : causesNamed(causes, counts.cause),
    silent: levels.map(
      ([severity, { minBad, minTotal }]) =>
        `Below ${[minBad !== undefined && `${minBad} such answers`, minTotal !== undefined && `${minTotal} answers in all`].filter(Boolean).join(' or ')} of a model in ${scaled(settings, windowSeconds)} there is no ${severity}, whatever their share.`,
    ),
    tune: tuneLines(settings, name),
  };
}

export function codePages(context: PackContext): {
  readonly [Name in 'LLMApi500Burst' | 'LLMApi400Burst' | 'LLMModelNotFound' | 'LLMUnknownCauseShare']: Page;
} {
  return {
    LLMApi500Burst: serverErrorPage(context),
    LLMApi400Burst: badRequestPage(context),
    LLMModelNotFound: modelNotFoundPage(context),
    LLMUnknownCauseShare: unknownCausePage(context),
  };
}

function serverErrorPage(context: PackContext): RunbookPage {
  const { numbers, ...page } = sharePage(context, { name: 'LLMApi500Burst', counts: { code: ['500', '502'] } });
  return {
    ...page,
    meaning: `The API took requests and failed to process them: 500 is a backend exception or an inference engine that crashed, 502 a gateway whose upstream broke off. ${numbers}`,
    hurt: 'Callers of that model. A retry often helps at once, unless each request of a kind crashes the engine.',
    steps: [
      'Read the cause in the notification: `model_engine_error` is the engine, `downstream_dependency_failure` what lies behind it, `upstream_bad_response` a broken connection.',
      READ_FAILURES,
      'See whether it began with a release of yours or with one kind of request (long prompts, tools, images): first query, and your deploy log. If so, stop sending that kind.',
      'Let callers retry once after a second or two; more retries only add load. If it persists, move traffic to another model or a lighter configuration (shorter context, lower `max_tokens`).',
      'If you run the platform: read the log of the engine (out of memory, dead workers), restart it, and look for a rollout at the time of onset. For 502, compare the idle keep-alive of the gateway with that of the upstream: the gateway must close first.',
      LAST_STEP,
    ],
    falseWhen: [
      'One caller sends the same poisonous request in a loop: it is one line repeated in the list of failures. Ask its owner to stop; tell the provider all the same.',
      'The provider cannot be reached at all: a proxy answers 502 then, and LLMProviderUnreachable says so.',
    ],
  };
}

function badRequestPage(context: PackContext): RunbookPage {
  const { numbers, ...page } = sharePage(context, {
    name: 'LLMApi400Burst',
    counts: {
      cause: [
        'invalid_request',
        'context_length_exceeded',
        'payload_too_large',
        'unsupported_feature',
        'content_filter',
      ],
    },
  });
  return {
    ...page,
    meaning: `A large part of what one model is asked is refused because of the request itself. The API is fine; a caller is not. ${numbers}`,
    hurt: "The users of one caller. It is never a page: nobody but the caller's owner can mend it.",
    steps: [
      'Read the cause in the notification. `context_length_exceeded`: prompts have grown. `invalid_request` or `unsupported_feature`: a release sends what the model does not take. `content_filter`: prompts are blocked.',
      READ_FAILURES,
      'Find the caller: in the access log of your gateway, the client or key with the most 4xx since the onset.',
      'Tell its owner, with one such message. Roll back the release of the caller if it began with one.',
      'For lengths: count tokens before sending, cut history, lower `max_tokens`, or route long prompts to a model with a larger context window.',
      'Make sure the caller does not retry these: the same request gets the same answer.',
    ],
    falseWhen: [
      'A test or a scanner sends nonsense on purpose.',
      'A model with little other traffic: one experiment of a developer is most of it.',
    ],
  };
}

function modelNotFoundPage(context: PackContext): RunbookPage {
  const { numbers, silent, ...page } = sharePage(context, {
    name: 'LLMModelNotFound',
    counts: { cause: ['model_not_found'] },
  });
  return {
    ...page,
    meaning: `Nearly everything that a model is asked is answered with "no such model", and that model is one that did answer before or that you configured. It was retired, renamed, or taken from your account. ${numbers}`,
    hurt: 'All callers of that model, until they name another one. It does not heal itself.',
    steps: [
      'See whether the provider still lists it: `curl -s -H "Authorization: Bearer $KEY" https://api.novita.ai/openai/v1/models | grep -o \'"id":"[^"]*"\'` (the address of your provider).',
      "It does not: read the provider's notices of retired models, choose the successor, and change the name in your gateway's aliases or routes first: that mends all callers at once.",
      'It does: the account may have lost access, or it is served in another region. Ask the owner of the account, then the provider.',
      'A gateway of your own made the answer (LiteLLM, a router): look at its model list and at its last change of configuration.',
      'Then tell the owners of callers that name the old model; they are in the access log of your gateway.',
    ],
    falseWhen: [
      'A model was retired on purpose and one forgotten job still asks for it: stop the job.',
      'A configured model was misspelt in the configuration of the exporter and of a caller alike.',
    ],
    silent: [
      ...silent,
      'Names that never got an answer that proves them are counted as model "other", which has no alert here: a typo of one caller is all of that traffic.',
    ],
  };
}

function unknownCausePage({ settings, causes }: PackContext): RunbookPage {
  const { windowSeconds } = settings.thresholds.LLMUnknownCauseShare.info;
  const series = selectors(settings.selector);
  const window = scaled(settings, windowSeconds);
  const unknown = increase(series.counter('llm_requests_total', { cause: 'unclassified' }), window);
  const bases = increase(series.counter('llm_classifications_total'), window);
  return {
    meaning: `A part of the failures of a provider fits no rule: the provider, or a gateway before it, speaks in a way that the catalogue does not know. ${shareLevels(
      settings,
      'LLMUnknownCauseShare',
    )
      .map(
        ([severity, level]) =>
          `${severity}: ${describeShare(settings, 'failed answers of a provider', { ...level, windowSeconds })}`,
      )
      .join(' ')}`,
    hurt: 'You, at the next incident: an alert whose cause is "unclassified" names no owner and no remedy. Callers are hurt no more than by the failures themselves.',
    confirm: [
      {
        why: 'Which codes and models have them:',
        query: promql`sort_desc(${sumBy(unknown, ['provider', 'model', 'code'])} > 0)`,
      },
      {
        why: 'By what evidence the other failures were told; much of `status` means that bodies are not seen:',
        query: promql`${sumWithout(bases, settings.dropLabels, [])} > 0`,
      },
    ],
    causes: [
      causes.unclassified,
      'The provider has changed its error bodies, or is one that the catalogue has no rules for.',
      'A gateway, CDN or firewall answers in its own name, with a page of HTML or an empty body.',
      'The log that the exporter reads has no error text, so that only the status is left to go by.',
    ],
    steps: [
      READ_FAILURES,
      'Take one answer as it is (body, `curl -i` output or log line) and see which rules were asked: `llm-exporter explain answer.txt --provider NAME --status 503`.',
      'Write a rule for its code or message: [docs/rules.md](../../docs/rules.md). Put the answer under `test:` in the same file.',
      'Check and load it: `llm-exporter check-config config.yml`, then `kill -HUP` the exporter. From then on the second query shows basis `user`.',
      'Send us the message, without anything secret, so that the catalogue learns it.',
    ],
    falseWhen: [
      'Few failures of one odd client are most of the failures of a quiet provider: look at the counts (first query).',
    ],
    silent: [
      'What is classified wrongly, by a rule that fits by chance, is not seen here.',
      'Failures of which only the status is known get the usual cause of that status, not this one.',
    ],
    tune: tuneLines(settings, 'LLMUnknownCauseShare'),
  };
}
