import { formatDuration } from './duration.ts';

/** critical: a human must act now and can. warning: look today. info: worth a line in a channel, never a page. */
export const SEVERITIES = ['critical', 'warning', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The levels of a spike, the mildest first. Each is judged over a window of its own. */
export type SpikeSeverity = 'warning' | 'critical';

/** When a share of answers with one status code is worth a notification. */
export interface SpikeLevel {
  /** Share of all answers, 0 to 1, above which it counts. */
  readonly ratio: number;
  /** Fewest bad answers in the window. A guard on the count, not on the rate: 1 of 2 failing is no incident. */
  readonly minBad: number;
  /** Fewest answers of any code in the window. */
  readonly minTotal: number;
  readonly forSeconds: number;
  readonly keepFiringSeconds: number;
  /** Fires below `ratio` too, from `floor` on, when the share is `factor` times the model's own usual level. */
  readonly baseline?: { readonly floor: number; readonly factor: number };
}

/** A status code family that has its own alerts. */
export interface Spike {
  readonly codes: readonly [string, ...string[]];
  readonly warning: SpikeLevel;
  readonly critical: SpikeLevel;
}

/** Everything about the alert pack that a user may want to change. Times are seconds before `timeScale`. */
export interface MixinSettings {
  /** More PromQL matchers for every selector, such as `job="llm-exporter"`; empty: all exporters this Prometheus knows. */
  readonly selector: string;
  /** Labels that tell instances of one exporter apart; summed over. All others (cluster, region, job ...) are kept. */
  readonly dropLabels: readonly string[];
  /**
   * Labels of yours that tell environments apart: only alerts that agree in all of them mute one another, share a
   * notification or name one another's cause; texts show those present. One that is absent is empty on both sides.
   */
  readonly identityLabels: readonly string[];
  readonly spike503: Spike;
  readonly spike504: Spike;
  /** Windows of the spike alerts. The names of recorded series carry the defaults. */
  readonly windowSeconds: Readonly<Record<SpikeSeverity, number>>;
  /** Values of the label `model` that may warn and never page. */
  readonly neverCriticalModels: readonly string[];
  /** The usual level of a model: this quantile of its own ratio, over `rangeSeconds`, ending `offsetSeconds` ago. */
  readonly baseline: { readonly quantile: number; readonly rangeSeconds: number; readonly offsetSeconds: number };
  readonly slo: { readonly objective: number; readonly windowSeconds: number };
  readonly targetDown: { readonly forSeconds: number; readonly rememberSeconds: number };
  readonly scrapeIntervalSeconds: number;
  readonly evaluationIntervalSeconds: number;
  readonly notify: {
    readonly groupWaitSeconds: Readonly<Record<Severity, number>>;
    readonly groupIntervalSeconds: number;
    readonly repeatSeconds: Readonly<Record<Severity, number>>;
    readonly webhookUrls: Readonly<Record<Severity, string>>;
  };
  /** Where `<Alert>.md` is found, without trailing slash. */
  readonly runbookBaseUrl: string;
  /** Grafana's address, without trailing slash. */
  readonly grafanaUrl: string;
  /** Divides every duration of rules and Alertmanager: 10 makes a demo of 30 minutes pass in 3. Names stay as they are. */
  readonly timeScale: number;
}

/** The defaults, each with its reason. Rules, runbooks, dashboards and docs show these numbers and no others. */
export const defaultSettings: MixinSettings = {
  selector: '',
  // `without`, not `by`: the user's own labels survive unasked, so AlertmanagerConfig and kube-prometheus, which match
  // on namespace, go on working (prometheus-operator issue 3737). These are the labels Kubernetes service discovery
  // and the Prometheus Operator put on a target.
  dropLabels: ['instance', 'pod', 'container', 'node', 'endpoint'],
  // What people put on targets or into `external_labels`. `job` too: two gateways in front of one provider fail apart.
  identityLabels: ['cluster', 'namespace', 'env', 'environment', 'region', 'job'],
  spike503: {
    codes: ['503'],
    // 5 %: one answer in twenty is what a client with three retries no longer hides under load. 5 of 20 answers: at
    // 0.1 requests/s the alert needs 17 % bad, at 0.33 requests/s 5 %. Under 20 requests in 5 minutes (0.07
    // requests/s) nothing is said, however many fail; and a code without alerts, such as 500 or 429, never is.
    warning: {
      ratio: 0.05,
      minBad: 5,
      minTotal: 20,
      forSeconds: 2 * MINUTE,
      keepFiringSeconds: 5 * MINUTE,
      // A relative threshold alone is poisoned by quiet nights, hence the floor (elastic/integrations issue 20766).
      baseline: { floor: 0.01, factor: 4 },
    },
    // 25 %: retries multiply the load by then, and most users notice. keep_firing_for is longer than the warning's by
    // the warning's whole window, in which that may still hold: the alert that mutes leaves last. With a window shorter
    // than that for arriving in time (see windowSeconds), one incident is one page. The guards are those of about 10
    // answers a minute: with fewer, an outage warns and does not page.
    critical: { ratio: 0.25, minBad: 10, minTotal: 20, forSeconds: MINUTE, keepFiringSeconds: 10 * MINUTE },
  },
  spike504: {
    // 524 is Cloudflare's 504: the origin took longer than its 100 s (developers.cloudflare.com, error 524).
    codes: ['504', '524'],
    // Lower than for 503: each 504 has cost its caller the whole gateway timeout, 60 s and more, before it failed.
    warning: {
      ratio: 0.03,
      minBad: 5,
      minTotal: 20,
      forSeconds: 2 * MINUTE,
      keepFiringSeconds: 10 * MINUTE,
      baseline: { floor: 0.01, factor: 4 },
    },
    critical: { ratio: 0.2, minBad: 10, minTotal: 20, forSeconds: MINUTE, keepFiringSeconds: 15 * MINUTE },
  },
  // Warning: ten scrapes, so that one or two missed ones do not change the verdict. Critical: four. Over one window for
  // both, an outage passed 1 % of it in seconds and 25 % minutes later, so the warning was sent before its critical.
  // Whatever the step, the critical holds at the latest when its window is full: 2m + 1m `for` + one evaluation is less
  // than the 2m `for` of the warning + 2m group_wait, though the first error starts the warning's clock at once.
  windowSeconds: { warning: 5 * MINUTE, critical: 2 * MINUTE },
  // "unknown": requests without a model, which a gateway refused before it read one. One client that loops against a
  // rate-limited nginx is 100 % of them, and nobody else is hurt. Not "other": a model is counted there until an answer
  // has proven its name, so one that fails from the exporter's start on, or is beyond the limit of models, fails there.
  neverCriticalModels: ['unknown'],
  // The 90th percentile of a day is not moved by an outage of up to 2.4 hours; the offset keeps an incident that has
  // just begun out of its own baseline.
  baseline: { quantile: 0.9, rangeSeconds: DAY, offsetSeconds: 15 * MINUTE },
  // Pay-as-you-go LLM APIs promise nothing; 99.5 % leaves room for what one retry hides, 99.9 % would be spent by noise.
  slo: { objective: 0.995, windowSeconds: HOUR },
  // A rolling deploy takes a target away for less than 5 minutes. The memory tells "down" from "never was", and ends
  // the alert: a week outlasts a long weekend, and stays below Prometheus' default retention of 15 days.
  targetDown: { forSeconds: 5 * MINUTE, rememberSeconds: 7 * DAY },
  scrapeIntervalSeconds: 30,
  evaluationIntervalSeconds: 30,
  notify: {
    // Critical: models of one outage share a page. The others wait longer than the critical that mutes them may need.
    groupWaitSeconds: { critical: MINUTE, warning: 2 * MINUTE, info: 2 * MINUTE },
    groupIntervalSeconds: 5 * MINUTE,
    // Multiples of group_interval, and below Alertmanager's --data.retention (120h), or it forgets what it has sent.
    repeatSeconds: { critical: 4 * HOUR, warning: 12 * HOUR, info: 24 * HOUR },
    // The address in Alertmanager's own example configuration.
    webhookUrls: {
      critical: 'http://127.0.0.1:5001/',
      warning: 'http://127.0.0.1:5001/',
      info: 'http://127.0.0.1:5001/',
    },
  },
  runbookBaseUrl: 'https://github.com/llm-exporter/llm-exporter/blob/main/alerts/runbooks',
  grafanaUrl: 'http://localhost:3000',
  timeScale: 1,
};

/** The labels on which two series or alerts agree when they are about one incident. */
export function identityOf({ identityLabels }: MixinSettings): readonly string[] {
  return [...identityLabels, 'provider', 'model', 'code'];
}

/** A duration of the settings as rules and Alertmanager write it, divided by `timeScale`. */
export function scaled(settings: MixinSettings, seconds: number): string {
  return formatDuration(seconds / settings.timeScale);
}
