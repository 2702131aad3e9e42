import type { MixinSettings } from '../settings/settings.ts';

type TargetLabel = 'cluster' | 'namespace' | 'job' | 'instance' | 'pod' | 'container' | 'node' | 'endpoint';
export type TargetLabels = Readonly<Record<TargetLabel, string>>;

/**
 * Labels that Prometheus puts on the series of a test: an exporter in Kubernetes, and whatever the pack's selector asks
 * for by `=`, so that the tests hold for any such selector.
 */
export function targetLabels(settings: MixinSettings): TargetLabels {
  const selected = settings.selector.matchAll(/([A-Za-z_]\w*)="([^"]*)"/g);
  return {
    cluster: 'eu-1',
    namespace: 'prod',
    job: 'llm-exporter',
    instance: '10.0.0.1:9503',
    pod: 'gateway-0',
    container: 'llm-exporter',
    node: 'node-0',
    endpoint: 'metrics',
    ...Object.fromEntries([...selected].map(([, label = '', value = '']) => [label, value])),
  };
}

/** What is left of a target's labels when instances are summed over. */
export function keptLabels({ dropLabels }: MixinSettings, labels: TargetLabels): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).filter(([label]) => !dropLabels.includes(label)));
}

/** How many evaluations a time takes, rounded up. */
export function ticksIn(settings: MixinSettings, seconds: number): number {
  return Math.ceil(seconds / settings.evaluationIntervalSeconds);
}
