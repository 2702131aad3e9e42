import type { AlertRule, PackContext } from '../../alert.ts';
import type { RuleTest } from '../promtool.ts';
import { type ShareSubject, shareTests } from './share.ts';

const MODELS = ['a', 'b'];

/** Told by the answers alone and, where there is a proxy, by its tries, whatever the callers got. */
export function unreachableTests({ settings, causes }: PackContext, rule: AlertRule): readonly RuleTest[] {
  const subject = {
    settings,
    levels: [[rule, settings.thresholds.LLMProviderUnreachable.critical]],
    windowSeconds: settings.windowSeconds.critical,
    labels: (provider) => ({ provider }),
    told: () => ({ cause: causes.upstream_unreachable }),
    otherwise: [
      {
        model: 'm',
        perSecond: 10,
        mix: { '502 upstream_bad_response': 0.5, '503 no_available_backend': 0.5 },
        tries: 2,
      },
    ],
  } as const satisfies Partial<ShareSubject>;
  const answers = shareTests({
    ...subject,
    traffic: ({ name: provider, perSecond, share }) => ({
      flows: MODELS.map((model) => ({
        provider,
        model,
        perSecond: perSecond / 2,
        mix: { '502 upstream_unreachable': share },
      })),
    }),
  });
  const tries = shareTests({
    ...subject,
    of: ' by tries',
    traffic: ({ name: provider, perSecond, share }) => ({
      flows: MODELS.map((model) => ({ provider, model, perSecond: perSecond / 10, mix: { '499 client_aborted': 1 } })),
      extras: MODELS.flatMap((model) =>
        (
          [
            ['502', 'upstream_unreachable', share],
            ['499', 'client_aborted', 1 - share],
          ] as const
        ).map(([code, cause, part]) => ({
          name: 'llm_attempts_total',
          labels: { provider, model, code, cause },
          perSecond: (perSecond * part) / 2 / INSTANCES,
        })),
      ),
    }),
  });
  return [...answers, ...tries.slice(0, -2)];
}

/** As many as scenarios have: an extra is what each of them counts. */
const INSTANCES = 2;
