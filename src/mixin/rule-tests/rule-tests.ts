import type { Catalogue } from '../../classify/catalogue.ts';
import type { AlertName } from '../alerts.ts';
import type { MixinSettings } from '../settings.ts';
import { promtoolFile, type RuleTest } from './promtool.ts';
import { spikeTests } from './spike-tests.ts';
import { targetDownTests } from './target-tests.ts';

/** `alerts/tests/<alert>.yml` for each alert: made from the same settings, so they hold for anyone's thresholds. */
export function renderRuleTests(settings: MixinSettings, causes: Catalogue['causes']): ReadonlyMap<AlertName, string> {
  const { spike503, spike504 } = settings;
  const tests: Readonly<Record<AlertName, readonly RuleTest[]>> = {
    LLMApi503Spike: spikeTests(settings, causes, { alert: 'LLMApi503Spike', spike: spike503, severities: ['warning'] }),
    LLMApi503SpikeSevere: spikeTests(settings, causes, {
      alert: 'LLMApi503SpikeSevere',
      spike: spike503,
      severities: ['critical'],
    }),
    LLMApi504Spike: spikeTests(settings, causes, {
      alert: 'LLMApi504Spike',
      spike: spike504,
      severities: ['warning', 'critical'],
    }),
    LLMExporterTargetDown: targetDownTests(settings),
  };
  // Safe: the record above has exactly the names of the alerts.
  const names = Object.keys(tests) as AlertName[];
  return new Map(names.map((name) => [name, promtoolFile(settings, name, tests[name])]));
}
