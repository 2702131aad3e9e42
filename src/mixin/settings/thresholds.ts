import { pipelineThresholds } from './pipeline-thresholds.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * When each alert fires: by alert, by severity. A rule exists for each severity named here. Numbers are shares (0 to 1), counts of
 * requests, factors or seconds (before `timeScale`), as their names say. Common to all:
 * - `share`: of the answers (or streams, tries ...) that are bad. `minBad`, `minTotal`: guards on counts, not on rates: 1 of 2 failing is
 *   no incident.
 * - `forSeconds`: how long the condition must hold; at least two evaluations. `keepFiringSeconds`: how long the alert outlives it, so that
 *   one good minute does not resolve and page anew.
 *
 * The alerts about the exporter itself and what it reads are in a file of their own.
 */
export const defaultThresholds = {
  LLMApi503Spike: {
    // 5 %: one answer in twenty is what a client with three retries no longer hides under load. 5 of 20 answers: at 0.1 requests/s the
    // alert needs 17 % bad, at 0.33 requests/s 5 %; with less traffic LLMLowVolumeSustainedErrors takes over. A relative threshold alone
    // is poisoned by quiet nights, hence the floor (elastic/integrations issue 20766).
    warning: {
      share: 0.05,
      minBad: 5,
      minTotal: 20,
      baselineFloor: 0.01,
      baselineFactor: 4,
      forSeconds: 2 * MINUTE,
      keepFiringSeconds: 5 * MINUTE,
    },
  },
  LLMApi503SpikeSevere: {
    // 25 %: retries multiply the load by then, and most users notice. With a window shorter than the warning's for arriving in time (see
    // `windowSeconds` of the settings), one incident is one page. The guards are those of about 10 answers a minute: with fewer, an
    // outage warns and does not page. It leaves after everything that it mutes: what is about latency sees slow answers for 20m.
    critical: { share: 0.25, minBad: 10, minTotal: 20, forSeconds: MINUTE, keepFiringSeconds: 20 * MINUTE },
  },
  LLMApi504Spike: {
    // Lower than for 503: each 504 has cost its caller the whole gateway timeout, 60 s and more, before it failed.
    warning: {
      share: 0.03,
      minBad: 5,
      minTotal: 20,
      baselineFloor: 0.01,
      baselineFactor: 4,
      forSeconds: 2 * MINUTE,
      // As long as LLMNearGatewayTimeout, which it mutes, sees slow answers.
      keepFiringSeconds: 15 * MINUTE,
    },
    critical: { share: 0.2, minBad: 10, minTotal: 20, forSeconds: MINUTE, keepFiringSeconds: 20 * MINUTE },
  },
  LLMApi500Burst: {
    // An engine that crashes, or a bad rollout. Milder than 503: a retry often helps at once.
    warning: { share: 0.05, minBad: 10, minTotal: 20, forSeconds: 5 * MINUTE, keepFiringSeconds: 10 * MINUTE },
  },
  LLMErrorBudgetBurnFast: {
    // 14.4 spends 2 % of a 30-day budget in an hour (Google SRE workbook, chapter 5). 10 bad answers: at 100 requests an hour and an
    // objective of 99.9 % two would do without a guard, and nobody in the field guards.
    critical: { factor: 14.4, minBad: 10, forSeconds: 2 * MINUTE, keepFiringSeconds: 5 * MINUTE },
  },
  LLMErrorBudgetBurnMedium: {
    // 5 % of the budget in 6 hours. Its 30-minute window outlives any alert that could mute it, so it is silent for `quietSeconds` after
    // a more specific page.
    critical: {
      factor: 6,
      minBad: 20,
      quietSeconds: 45 * MINUTE,
      forSeconds: 15 * MINUTE,
      keepFiringSeconds: 15 * MINUTE,
    },
  },
  LLMErrorBudgetBurnSlow: {
    // 10 % in a day (factor 3 over 1d and 2h) or in three (factor 1 over 3d and 6h): a ticket, not a page.
    warning: { factor: 3, slowFactor: 1, minBad: 30, forSeconds: HOUR, keepFiringSeconds: 15 * MINUTE },
  },
  LLMLowVolumeSustainedErrors: {
    // The hole that guards leave: half of very few requests failing for hours (fedora-homelab issue 165: 8 days at 0.5 requests/s).
    warning: { share: 0.5, minBad: 5, maxTotal: 200, forSeconds: 30 * MINUTE, keepFiringSeconds: 30 * MINUTE },
  },
  LLMApi429TokensPerMinute: {
    // The account's own limit: slower clients or a higher tier. Past half of the answers it is an outage. That level needs no guard on bad
    // ones: half of `minTotal` are 20. The warning waits longer, by the window that half of the answers may need: so it is one or the other.
    warning: { share: 0.05, minBad: 10, minTotal: 20, forSeconds: 15 * MINUTE, keepFiringSeconds: 10 * MINUTE },
    critical: { share: 0.5, minTotal: 40, forSeconds: 10 * MINUTE, keepFiringSeconds: 20 * MINUTE },
  },
  LLMApi429RequestsPerMinute: {
    warning: { share: 0.05, minBad: 10, minTotal: 20, forSeconds: 15 * MINUTE, keepFiringSeconds: 10 * MINUTE },
    critical: { share: 0.5, minTotal: 40, forSeconds: 10 * MINUTE, keepFiringSeconds: 20 * MINUTE },
  },
  LLMApiQuotaExhausted: {
    // Balance, plan or daily quota: it does not heal itself, and a person can fill it up now. One low guard, as callers give up on it.
    critical: { share: 0.05, minBad: 5, forSeconds: 2 * MINUTE, keepFiringSeconds: 10 * MINUTE },
  },
  LLMOwnLimitShedding: {
    // The exporter's own throttle at work: as configured, so worth a line only.
    info: { share: 0.05, minBad: 10, minTotal: 20, forSeconds: 10 * MINUTE, keepFiringSeconds: 10 * MINUTE },
  },
  LLMUpstreamAuthFailing: {
    // The key that all callers share is refused: a gateway's own key above `share`; or, above `allShare`, any key, when there were at
    // least `minBefore` successes within `rememberSeconds` and they have fallen by that share too: a rotation that went wrong, and not
    // one caller with a wrong key, however often it asks.
    critical: {
      share: 0.2,
      allShare: 0.9,
      minBad: 5,
      minBefore: 10,
      rememberSeconds: HOUR,
      forSeconds: 2 * MINUTE,
      // As long as LLMClientAuthBurst, which it mutes, may last.
      keepFiringSeconds: 20 * MINUTE,
    },
  },
  LLMClientAuthBurst: {
    // One caller's wrong key is his own; fifty in ten minutes and four times the usual is worth a look by security. Never a page.
    info: {
      windowSeconds: 10 * MINUTE,
      minBad: 50,
      baselineFactor: 4,
      forSeconds: 10 * MINUTE,
      keepFiringSeconds: 10 * MINUTE,
    },
  },
  LLMApi400Burst: {
    // Faults of the caller: a deploy of a client went wrong. Its owner wants to know, nobody is woken.
    info: { share: 0.1, minBad: 10, minTotal: 20, forSeconds: 5 * MINUTE, keepFiringSeconds: 10 * MINUTE },
  },
  LLMModelNotFound: {
    // A retired or misspelt model answers nothing any more; 90 % tells it from one caller's typo.
    warning: { share: 0.9, minBad: 10, forSeconds: 5 * MINUTE, keepFiringSeconds: 10 * MINUTE },
  },
  LLMUnknownCauseShare: {
    // The provider's errors have changed, or a gateway hides them: rules are to be written.
    // Half an hour, because failures are few and no hurry is needed.
    info: {
      windowSeconds: 30 * MINUTE,
      share: 0.2,
      minTotal: 20,
      forSeconds: 15 * MINUTE,
      keepFiringSeconds: 5 * MINUTE,
    },
    warning: {
      windowSeconds: 30 * MINUTE,
      share: 0.5,
      minTotal: 50,
      forSeconds: 15 * MINUTE,
      // As long as the info, which it mutes, may last.
      keepFiringSeconds: 35 * MINUTE,
    },
  },
  LLMProviderUnreachable: {
    // DNS, connect or TLS failures: nothing but the network or the address is wrong, and no answer comes at all. Over the window of the
    // critical spikes, which it must mute, as well as LLMProviderDegraded, and outlast by that window.
    critical: { share: 0.9, minBad: 5, forSeconds: MINUTE, keepFiringSeconds: 24 * MINUTE },
  },
  LLMProviderDegraded: {
    // Three models at once, or all of at least two: the provider, not a model. Each is judged as LLMApi503SpikeSevere and the critical
    // LLMApi504Spike are, which it outlasts by their window.
    critical: { minModels: 3, forSeconds: MINUTE, keepFiringSeconds: 22 * MINUTE },
  },
  LLMTimeToFirstTokenDegraded: {
    // Twice the model's own usual p95, and above 2 s: below that nobody waits.
    warning: {
      minSeconds: 2,
      baselineFactor: 2,
      minTotal: 50,
      windowSeconds: 10 * MINUTE,
      forSeconds: 10 * MINUTE,
      keepFiringSeconds: 10 * MINUTE,
    },
  },
  LLMNearGatewayTimeout: {
    // Successes above 80 % of the gateway timeout: the next longer ones are 504s. Known before the first fails. The window is so long that
    // one good minute does not resolve it.
    warning: { share: 0.05, minBad: 5, minTotal: 20, windowSeconds: 15 * MINUTE, forSeconds: 5 * MINUTE },
  },
  LLMLatencyDegraded: {
    // p95 of successes against the model's own usual. 10 s: shorter answers may well double. Answers of more than `tokensFactor` times the
    // usual number of tokens may take longer. LLMTimeToFirstTokenDegraded mutes it and must outlast it: hence no keep_firing_for.
    warning: {
      minSeconds: 10,
      baselineFactor: 2,
      tokensFactor: 1.5,
      minTotal: 50,
      windowSeconds: 10 * MINUTE,
      forSeconds: 15 * MINUTE,
    },
  },
  LLMMidStreamFailures: {
    // HTTP says 200, so no alert on status codes sees it. What the caller has got is cut off.
    warning: { share: 0.02, minBad: 5, minTotal: 20, forSeconds: 5 * MINUTE, keepFiringSeconds: 10 * MINUTE },
    // Waits no longer than the spikes: the fast burn, which it mutes, needs no history with a new model, and would be sent before it.
    critical: { share: 0.2, minBad: 10, minTotal: 20, forSeconds: MINUTE, keepFiringSeconds: 20 * MINUTE },
  },
  LLMRetryStorm: {
    // Tries per request. The proxy's budget bounds them: 1.2 at its default, 2 at its highest, and 10 retries a minute that are free, which
    // 200 tries outweigh. 1.5: half as much load again on an upstream that fails; 1.8: nearly every request is tried twice, and the retries
    // are the outage, if they do not help. Where answers come all the same, by a retry or from a fallback, nobody needs to be woken.
    warning: { factor: 1.5, minTotal: 200, forSeconds: 5 * MINUTE, keepFiringSeconds: 10 * MINUTE },
    critical: {
      factor: 1.8,
      failedShare: 0.2,
      minTotal: 200,
      forSeconds: 5 * MINUTE,
      // Gone, window included, before the spikes that mute it.
      keepFiringSeconds: 15 * MINUTE,
    },
  },
  LLMRetryBudgetExhausted: {
    // The retries that callers count on are no longer made.
    warning: { share: 0.02, minBad: 5, forSeconds: 2 * MINUTE, keepFiringSeconds: 10 * MINUTE },
  },
  LLMTrafficVanished: {
    // Busy in the hour before the last and at this time yesterday, nothing for a quarter of an hour: callers cannot reach the gateway, or
    // the log is the wrong one. Work that comes once a day at its time was not there yesterday either.
    warning: {
      minBefore: 60,
      beforeSeconds: HOUR,
      yesterdaySeconds: DAY,
      quietSeconds: 15 * MINUTE,
      forSeconds: 10 * MINUTE,
    },
  },
  LLMCostSpike: {
    // Opt-in. Tokens per second against the model's own usual; a rate, never a lifetime counter (tldraw issue 10579).
    info: {
      minTokensPerSecond: 100,
      baselineFactor: 3,
      forSeconds: 30 * MINUTE,
      keepFiringSeconds: 30 * MINUTE,
    },
  },
  ...pipelineThresholds,
} as const satisfies Readonly<Record<`LLM${string}`, Levels>>;

/** A human must act now and can; look today; worth a line in a channel, never a page; `none` is for the watchdog only. */
export const SEVERITIES = ['critical', 'warning', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

interface Levels extends Readonly<Partial<Record<Severity | 'none', Level>>> {}

interface Level extends Readonly<Record<string, number>> {
  readonly forSeconds: number;
}

/** Every alert of the pack; its runbook is `<name>.md`. A name says what is wrong, and one name is one condition. */
export type AlertName = keyof typeof defaultThresholds;
// Safe: the table has exactly these keys.
export const ALERT_NAMES = Object.keys(defaultThresholds) as AlertName[];

/** Alerts that are there only for those who ask for them. */
export const OPTIONAL_ALERTS = [
  'LLMCostSpike',
  'LLMRulesNotEvaluating',
  'LLMWatchdog',
] as const satisfies readonly AlertName[];

/** The table with anyone's numbers in it. */
export type Thresholds = {
  readonly [Name in AlertName]: {
    readonly [S in keyof (typeof defaultThresholds)[Name]]: {
      readonly [Field in keyof (typeof defaultThresholds)[Name][S]]: number;
    };
  };
};
