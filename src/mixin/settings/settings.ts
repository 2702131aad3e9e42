import { formatDuration } from './duration.ts';
import { defaultThresholds, type Severity, type Thresholds } from './thresholds.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The levels of a spike, the mildest first. Each is judged over a window of its own. */
export type SpikeSeverity = 'warning' | 'critical';

/** Who reads the files: what each cannot take is left out or put otherwise. */
export const PROFILES = ['prometheus', 'prometheus-old', 'vmalert', 'mimir', 'kubernetes', 'grafana'] as const;
export type Profile = (typeof PROFILES)[number];

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
  /** Status codes that have a spike alert; those of one list share it. */
  readonly spikeCodes: Readonly<Record<'LLMApi503Spike' | 'LLMApi504Spike', readonly [string, ...string[]]>>;
  /** When each alert fires. */
  readonly thresholds: Thresholds;
  /** Alerts that are left out, by name. */
  readonly disabledAlerts: readonly string[];
  /** Alerts that are there only when they are named here. */
  readonly optionalAlerts: readonly string[];
  /** How your Alertmanager calls the severities. */
  readonly severityNames: Readonly<Record<Severity, string>>;
  /** Whose rules `alerts/llm.rules.yml` are; those of the others are in `alerts/profiles/`. */
  readonly profile: Profile;
  /** Every alert becomes an info that says in `would_be_severity` what it would have been: for the first two weeks. */
  readonly burnIn: boolean;
  /** Windows of the spike alerts. The names of recorded series carry the defaults. */
  readonly windowSeconds: Readonly<Record<SpikeSeverity, number>>;
  /** Values of the label `model` that may warn and never page. */
  readonly neverCriticalModels: readonly string[];
  /** The usual level of a model: this quantile of its own ratio, over `rangeSeconds`, ending `offsetSeconds` ago. */
  readonly baseline: { readonly quantile: number; readonly rangeSeconds: number; readonly offsetSeconds: number };
  readonly slo: { readonly objective: number; readonly windowSeconds: number };
  readonly scrapeIntervalSeconds: number;
  readonly evaluationIntervalSeconds: number;
  readonly notify: {
    readonly groupWaitSeconds: Readonly<Record<Severity, number>>;
    readonly groupIntervalSeconds: number;
    readonly repeatSeconds: Readonly<Record<Severity, number>>;
    readonly webhookUrls: Readonly<Record<Severity, string>>;
    /** How often the watchdog is sent on, and where to. */
    readonly watchdogSeconds: number;
    readonly watchdogUrl: string;
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
  // 524 is Cloudflare's 504: the origin took longer than its 100 s (developers.cloudflare.com, error 524).
  spikeCodes: { LLMApi503Spike: ['503'], LLMApi504Spike: ['504', '524'] },
  thresholds: defaultThresholds,
  disabledAlerts: [],
  // LLMCostSpike, LLMRulesNotEvaluating and LLMWatchdog need a decision of yours: see their runbooks.
  optionalAlerts: [],
  severityNames: { critical: 'critical', warning: 'warning', info: 'info' },
  profile: 'prometheus',
  burnIn: false,
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
    // Dead man's switches page after two or three missed calls: ten minutes then.
    watchdogSeconds: 5 * MINUTE,
    watchdogUrl: 'http://127.0.0.1:5001/',
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
