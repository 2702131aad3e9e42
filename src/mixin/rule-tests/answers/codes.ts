import type { AlertEntry, AlertRule, PackContext } from '../../alert.ts';
import { type CauseShare, shareLevels } from '../../cause-share.ts';
import { causeShareSubject } from './cause-share.ts';
import { paced, type ShareSubject, shareTests } from './share.ts';

type Tests = Pick<AlertEntry, 'tests' | 'testIntervalSeconds'>;

/** The whole course for the first code or the causes; for each other code that it counts, too. */
export function codeTests(context: PackContext, alert: CauseShare, rules: readonly AlertRule[]): Tests {
  const { counts } = alert;
  const pace = paced(context, 60);
  const others = 'code' in counts ? counts.code.slice(1) : [];
  const tests = [
    ...shareTests(causeShareSubject(pace, alert, rules)),
    ...others.flatMap((code) => {
      const subject = causeShareSubject(pace, { ...alert, counts: { code: [code] } }, rules);
      // The guards are the same.
      return shareTests({ ...subject, of: ` on ${code}` }).slice(0, 1);
    }),
  ];
  return { tests, testIntervalSeconds: pace.seconds };
}

const HALF = { succeeds: 0.5, leaves: 0.25, fails: 0.25 };

/** Beside each failure there are successes and callers who left, which are none. By provider, whatever the model. */
export function unknownCauseTests(context: PackContext, rules: readonly AlertRule[]): Tests {
  const { settings, causes, seconds } = paced(context, 120);
  const levels = shareLevels(settings, 'LLMUnknownCauseShare').flatMap(([severity, level]) => {
    const rule = rules.find((candidate) => candidate.severity === severity);
    return rule === undefined ? [] : [[rule, level] as const];
  });
  const subject: ShareSubject = {
    settings,
    levels,
    windowSeconds: settings.thresholds.LLMUnknownCauseShare.info.windowSeconds,
    traffic: ({ name: provider, perSecond, share }) => ({
      flows: ['a', 'b'].map((model) => ({
        provider,
        model,
        perSecond: perSecond / HALF.fails / 2,
        mix: {
          '400 unclassified': share * HALF.fails,
          '503 service_unavailable': (1 - share) * HALF.fails,
          '499 client_aborted': HALF.leaves,
        },
      })),
    }),
    labels: (provider) => ({ provider }),
    told: () => ({ cause: causes.unclassified }),
    otherwise: [
      { model: 'm', perSecond: 10, mix: { '503 service_unavailable': 0.3, '429 rate_limit_unspecified': 0.3 } },
    ],
  };
  return { tests: shareTests(subject), testIntervalSeconds: seconds };
}
