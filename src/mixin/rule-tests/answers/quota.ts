import type { AlertEntry, AlertRule, PackContext } from '../../alert.ts';
import type { CauseShare } from '../../cause-share.ts';
import { causeShareSubject } from './cause-share.ts';
import { paced, shareTests } from './share.ts';

type Tests = Pick<AlertEntry, 'tests' | 'testIntervalSeconds'>;

export function quotaTests(context: PackContext, alert: CauseShare, rules: readonly AlertRule[]): Tests {
  const isHasty = rules.some(({ forSeconds }) => forSeconds < HASTY_SECONDS);
  const pace = paced(context, isHasty ? 0 : 60);
  return { tests: shareTests(causeShareSubject(pace, alert, rules)), testIntervalSeconds: pace.seconds };
}

/** Below it, a minute between evaluations is too rough. */
const HASTY_SECONDS = 300;
