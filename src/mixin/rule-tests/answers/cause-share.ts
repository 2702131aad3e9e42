import type { AlertRule, PackContext } from '../../alert.ts';
import { type CauseShare, modelsLeftOut, shareLevels } from '../../cause-share.ts';
import { causesNamed, causesWithCodes } from '../../causes.ts';
import type { Answer } from '../../scenario/traffic.ts';
import { answerOf, firstPart, type ShareSubject, spread } from './share.ts';

const PROVIDER = 'novita';
/** Failures that have little in common. What the alert counts is taken out. */
const FAILURES: readonly Answer[] = [
  '400 invalid_request',
  '401 auth_invalid_key',
  '404 model_not_found',
  '429 rate_limit_rpm',
  '429 rate_limit_tpm',
  '429 quota_exhausted',
  '500 internal_error',
  '503 service_unavailable',
  '499 client_aborted',
];

/** An alert on the share of causes or, for its first code, of a code. */
export function causeShareSubject(
  { settings, causes }: PackContext,
  alert: CauseShare,
  rules: readonly AlertRule[],
): ShareSubject {
  const { counts, name } = alert;
  const code = 'code' in counts ? counts.code[0] : undefined;
  const entries =
    'cause' in counts ? causesNamed(causes, counts.cause) : causesWithCodes(causes, counts.code).slice(0, 2);
  const [main] = entries;
  if (main === undefined) throw new Error(`${name} is about no cause`);
  const bad = entries.map((entry): Answer => (code === undefined ? answerOf(entry) : `${Number(code)} ${entry.id}`));
  const others = FAILURES.filter((answer) =>
    'cause' in counts
      ? !counts.cause.some((cause) => answer.endsWith(` ${cause}`))
      : !counts.code.some((own) => answer.startsWith(own)),
  );
  return {
    settings,
    levels: shareLevels(settings, name).flatMap(([severity, level]) => {
      const rule = rules.find((candidate) => candidate.severity === severity);
      return rule === undefined ? [] : [[rule, level] as const];
    }),
    windowSeconds: settings.windowSeconds.warning,
    traffic: ({ name: model, perSecond, share, restFails }) => ({
      flows: [
        { model, perSecond, mix: { ...spread(bad, share), ...(restFails && spread(others, 0.999 * (1 - share))) } },
      ],
    }),
    labels: (model) => ({ provider: PROVIDER, model, ...(code !== undefined && { code }) }),
    told: (count) => ({
      cause: main,
      found: { 'provider_model_code_cause:llm_requests:increase5m': count * firstPart(bad) },
    }),
    leftOut: ({ severity }) => (severity === 'none' ? [] : modelsLeftOut(settings, alert, severity)),
    tried: settings.neverCriticalModels.filter((model) => alert.notModels?.includes(model) !== true),
    otherwise: [{ model: 'otherwise', perSecond: 10, mix: spread(others, 0.95) }],
  };
}
