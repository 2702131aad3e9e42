import { formatDuration } from './duration.ts';

/** critical: a human must act now and can. warning: look today. info: worth a line in a channel, never a page. */
export const SEVERITIES = ['critical', 'warning', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

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
  readonly spike503: Spike;
  readonly spike504: Spike;
  /** Window of the spike alerts. */
  readonly windowSeconds: number;
  /** The usual level of a model: this quantile of its own ratio, over `rangeSeconds`, ending `offsetSeconds` ago. */
  readonly baseline: { readonly quantile: number; readonly rangeSeconds: number; readonly offsetSeconds: number };
  readonly slo: { readonly objective: number; readonly windowSeconds: number };
  readonly targetDown: { readonly forSeconds: number; readonly rememberSeconds: number };
  readonly scrapeIntervalSeconds: number;
  readonly evaluationIntervalSeconds: number;
  readonly notify: {
    readonly groupWaitSeconds: number;
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
  spike503: {
    codes: ['503'],
    // 5 %: one answer in twenty is what a client with three retries no longer hides under load. 5 of 20 answers: at
    // 0.1 requests/s the alert needs 17 % bad, at 0.33 requests/s 5 %; below 0.07 requests/s it stays silent.
    warning: {
      ratio: 0.05,
      minBad: 5,
      minTotal: 20,
      forSeconds: 2 * MINUTE,
      keepFiringSeconds: 5 * MINUTE,
      // A relative threshold alone is poisoned by quiet nights, hence the floor (elastic/integrations issue 20766).
      baseline: { floor: 0.01, factor: 4 },
    },
    // 25 %: retries multiply the load by then, and most users notice. `for` is shorter than the warning's, and
    // keep_firing_for is longer by the whole window, in which the warning may still hold: the alert that mutes is there
    // first and leaves last, so one incident is one page.
    critical: { ratio: 0.25, minBad: 20, minTotal: 40, forSeconds: MINUTE, keepFiringSeconds: 10 * MINUTE },
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
    critical: { ratio: 0.2, minBad: 20, minTotal: 40, forSeconds: MINUTE, keepFiringSeconds: 15 * MINUTE },
  },
  // Ten scrapes: a rate needs two samples, and one or two missed scrapes must not change the verdict.
  windowSeconds: 5 * MINUTE,
  // The 90th percentile of a day is not moved by an outage of up to 2.4 hours; the offset keeps an incident that has
  // just begun out of its own baseline.
  baseline: { quantile: 0.9, rangeSeconds: DAY, offsetSeconds: 15 * MINUTE },
  // Pay-as-you-go LLM APIs promise nothing; 99.5 % leaves room for what one retry hides, 99.9 % would be spent by noise.
  slo: { objective: 0.995, windowSeconds: HOUR },
  // A rolling deploy takes a target away for less than 5 minutes. A day's memory tells "down" from "never was".
  targetDown: { forSeconds: 5 * MINUTE, rememberSeconds: DAY },
  scrapeIntervalSeconds: 30,
  evaluationIntervalSeconds: 30,
  notify: {
    // Two evaluations: the critical alert arrives before the warning it mutes has been sent.
    groupWaitSeconds: MINUTE,
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

/** A duration of the settings as rules and Alertmanager write it, divided by `timeScale`. */
export function scaled(settings: MixinSettings, seconds: number): string {
  return formatDuration(seconds / settings.timeScale);
}
