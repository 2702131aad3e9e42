import type { MixinSettings } from '../settings/settings.ts';

export type TargetLabels = Readonly<Record<'cluster' | 'namespace' | 'job' | 'instance' | 'pod', string>>;

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
    ...Object.fromEntries([...selected].map(([, label = '', value = '']) => [label, value])),
  };
}

/** How many evaluations a time takes, rounded up. */
export function ticksIn(settings: MixinSettings, seconds: number): number {
  return Math.ceil(seconds / settings.evaluationIntervalSeconds);
}
