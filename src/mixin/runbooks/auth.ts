import type { AlertEntry, PackContext } from '../alert.ts';
import { causesNamed } from '../causes.ts';
import { increase, promql, selectors, sumBy } from '../promql.ts';
import { AUTH_CAUSES } from '../recording/causes.ts';
import type { RunbookPage } from '../runbook.ts';
import { scaled } from '../settings/settings.ts';
import { percent } from '../share.ts';
import { tuneLines } from '../tuning.ts';
import { READ_FAILURES } from './codes.ts';

export function authPages(context: PackContext): Readonly<Record<'upstream' | 'client', AlertEntry['runbook']>> {
  return { upstream: upstreamPage(context), client: clientPage(context) };
}

function refused({ settings }: PackContext, window: string) {
  const causes = ['gateway_credentials_invalid', ...AUTH_CAUSES] as const;
  return increase(selectors(settings.selector).counter('llm_requests_total', { cause: { any: causes } }), window);
}

function upstreamPage(context: PackContext): RunbookPage {
  const { settings, causes } = context;
  const { share, allShare, minBad, minBefore, rememberSeconds } = settings.thresholds.LLMUpstreamAuthFailing.critical;
  const window = scaled(settings, settings.windowSeconds.warning);
  const good = increase(selectors(settings.selector).counter('llm_requests_total', { cause: 'none' }), window);
  return {
    meaning: `The API refuses a key that callers share. Either a gateway's own key (\`gateway_credentials_invalid\` above ${percent(share)} of the answers of ${window}), or any key in above ${percent(allShare)} of them, after at least ${minBefore} successes within ${scaled(settings, rememberSeconds)} that have all but ceased: a key that was rotated, revoked, lost by a deploy, or whose account lost its rights. At least ${minBad} refusals.`,
    hurt: 'All callers that use the key, on every model. It does not heal itself.',
    confirm: [
      {
        why: 'Refused answers, by model and cause:',
        query: promql`sort_desc(${sumBy(refused(context, window), ['provider', 'model', 'code', 'cause'])} > 0)`,
      },
      {
        why: 'Successes; where there are as many as ever, it is one caller and not the key:',
        query: promql`${sumBy(good, ['provider', 'model'])} > 0`,
      },
    ],
    causes: causesNamed(causes, ['gateway_credentials_invalid', ...AUTH_CAUSES]),
    steps: [
      'Was a key rotated, a secret changed or a gateway deployed at the time of onset? If so, put the old key back first, if it is still valid.',
      'Try the key that the gateway uses, where it runs: `curl -s -o /dev/null -w "%{http_code}\\n" -H "Authorization: Bearer $(cat KEY_FILE)" https://api.novita.ai/openai/v1/models` (the address of your provider). 200: the key is good, and the gateway does not send it. 401: wrong, expired or revoked. 403: valid, but without the right to this.',
      'Not sent (`auth_missing_key`): is the secret mounted and the variable set in the running process, and does no proxy between strip the `Authorization` header?',
      "401: make a new key in the provider's console, put it into the secret of every gateway (`proxy.api_key_file` of the exporter, then `kill -HUP` it), and see the second query rise.",
      '403 `permission_denied`: the account or the key may not use this model or region any more; ask the owner of the account. 403 `identity_verification_required`: verify the account in the console, or use the key of a verified one.',
      READ_FAILURES,
    ],
    falseWhen: [
      `Good traffic has stopped for another reason, and only a client with a wrong key is left: the successes (second query) ended well before the refusals began.`,
      'Callers bring keys of their own, and the only busy one lost his.',
    ],
    silent: [
      `A model that had fewer than ${minBefore} successes within ${scaled(settings, rememberSeconds)} before: that key may never have been good.`,
      'A client with a wrong key among good traffic, however much it asks. LLMClientAuthBurst tells of many.',
    ],
    tune: tuneLines(settings, 'LLMUpstreamAuthFailing'),
  };
}

function clientPage(context: PackContext): RunbookPage {
  const { settings, causes } = context;
  const { minBad, baselineFactor, windowSeconds } = settings.thresholds.LLMClientAuthBurst.info;
  const window = scaled(settings, windowSeconds);
  const series = selectors('');
  const count = series.recorded('provider:llm_requests_unauthorized:increase10m');
  const usual = series.recorded('provider:llm_requests_unauthorized:p90_increase10m');
  return {
    meaning: `At least ${minBad} requests to a provider were refused for their key or its rights in ${window}, and more than ${baselineFactor} times as many as usual. Most callers are well, or LLMUpstreamAuthFailing would fire.`,
    hurt: 'A caller whose key is wrong; or nobody, when somebody tries keys that are not his. It is never a page.',
    confirm: [
      { why: 'How many, by provider:', query: count },
      { why: 'How many there usually are:', query: usual },
      {
        why: 'By model and cause:',
        query: promql`sort_desc(${sumBy(refused(context, window), ['provider', 'model', 'code', 'cause'])} > 0)`,
      },
    ],
    causes: causesNamed(causes, AUTH_CAUSES),
    steps: [
      'Find the client: in the access log of your gateway, the address with the most 401 and 403 since the onset.',
      'A caller of yours: tell its owner, who checks that the key is right, has not expired and that the configuration that holds it is the one being read.',
      'Nobody you know: block the address at the gateway, and look whether any of its requests succeeded.',
      'Many models and many keys from one place: somebody tries keys. Tell security; rotate keys that may have leaked.',
      READ_FAILURES,
    ],
    falseWhen: ['A new caller is being set up, and tries.', 'A security test of your own.'],
    silent: [`Below ${minBad} in ${window}, and where that many are usual.`, 'Who guesses slowly is not seen here.'],
    tune: tuneLines(settings, 'LLMClientAuthBurst'),
  };
}
