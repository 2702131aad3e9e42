import type { PackContext } from './alert.ts';
import { type Facts, plainFacts, templateFacts } from './facts.ts';
import { ruleGroupsOf } from './rules.ts';
import { type MixinSettings, PROFILES, type Profile } from './settings/settings.ts';
import { yamlFile } from './yaml-file.ts';

/** What one reader of rule files takes, and what is put otherwise for it. */
interface Reader {
  /** Below `alerts/profiles/`. */
  readonly file: string;
  /** Whom the file is for and how it gets there. */
  readonly header: string;
  readonly keepsFiring: boolean;
  readonly facts: (settings: MixinSettings) => Facts;
  /** The whole file around the groups. */
  readonly wrap: (groups: readonly object[]) => object;
}

const asRules = (groups: readonly object[]) => ({ groups });

const READERS: Readonly<Record<Profile, Reader>> = {
  prometheus: {
    file: 'prometheus.rules.yml',
    header: 'For Prometheus 2.42 and later.',
    keepsFiring: true,
    facts: templateFacts,
    wrap: asRules,
  },
  'prometheus-old': {
    file: 'prometheus-old.rules.yml',
    header: `For Prometheus before 2.42, Thanos and others that refuse keep_firing_for. An alert ends with its condition there, so one good
minute in an incident resolves it and pages anew.`,
    keepsFiring: false,
    facts: templateFacts,
    wrap: asRules,
  },
  vmalert: {
    file: 'vmalert.rules.yml',
    // 1.79.5, which Debian ships, refuses the whole file because of it; later ones take llm.rules.yml as it is.
    header: 'For vmalert before 1.92, which refuses keep_firing_for. Check: vmalert -dryRun -rule=vmalert.rules.yml',
    keepsFiring: false,
    facts: templateFacts,
    wrap: asRules,
  },
  mimir: {
    file: 'mimir.rules.yml',
    header: `For Mimir, one namespace of the ruler. Load: mimirtool rules load mimir.rules.yml
Groups keep below its default limit of 20 rules.`,
    keepsFiring: true,
    facts: templateFacts,
    wrap: (groups) => ({ namespace: 'llm-exporter', groups }),
  },
  kubernetes: {
    file: 'prometheus-rule.yml',
    header: `For the Prometheus Operator. Your Prometheus selects rules by labels of the object (ruleSelector): add yours, such as
release: kube-prometheus-stack, under metadata.labels.`,
    keepsFiring: true,
    facts: templateFacts,
    wrap: (groups) => ({
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      metadata: { name: 'llm-exporter', labels: { 'app.kubernetes.io/name': 'llm-exporter' } },
      spec: { groups },
    }),
  },
  grafana: {
    file: 'grafana.rules.yml',
    header: `For Grafana-managed alerts (Alerting, Import to Grafana-managed rules). Grafana's templates cannot query, so the texts name no cause:
the linked dashboard does.`,
    keepsFiring: true,
    facts: plainFacts,
    wrap: asRules,
  },
};

/** The rules of a profile as the text of its file. */
export function renderProfile(context: PackContext, profile: Profile): string {
  const { header, keepsFiring, facts, wrap } = READERS[profile];
  return yamlFile(wrap(ruleGroupsOf(context, { keepsFiring, facts: facts(context.settings) })), header);
}

/** `alerts/profiles/`: the same rules for everyone else, by path. */
export function renderProfiles(context: PackContext): ReadonlyMap<string, string> {
  const others = PROFILES.filter((profile) => profile !== context.settings.profile);
  return new Map(
    others.map((profile) => [`alerts/profiles/${READERS[profile].file}`, renderProfile(context, profile)]),
  );
}
