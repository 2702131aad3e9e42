import { type AlertRule, annotationsOf, labelsOf } from '../alert.ts';
import type { MixinSettings } from '../settings/settings.ts';
import { expectedFacts, type Incident } from './expected-facts.ts';
import type { ExpectedAlert } from './promtool.ts';

/** An alert as promtool must see it: with each label and every word of its texts. */
export function expectedAlert(settings: MixinSettings, rule: AlertRule, incident: Incident): ExpectedAlert {
  return {
    exp_labels: { ...incident.labels, ...labelsOf(settings, rule) },
    exp_annotations: annotationsOf(settings, rule, expectedFacts(settings, incident)),
  };
}
