import type { Cause } from '../../../src/classify/causes.ts';
import type { Fault } from '../../../src/simulate/faults.ts';
import type { Caller } from './calls.ts';

/** Something that happens, and what is sent about it: these groups of alerts and no others, each as firing and as resolved. */
export interface Story {
  readonly title: string;
  /** Stories share one Prometheus and Alertmanager: this label tells them apart, together with the model where that is given. */
  readonly job: string;
  readonly model?: string;
  readonly sent: readonly string[];
  /** Alerts that fire as well and that nobody is told of. */
  readonly muted?: readonly string[];
}

/** A story of one model of a gateway that has many. */
export interface ModelStory extends Story {
  readonly model: string;
  readonly caller: Omit<Caller, 'model'>;
  /** What the API does with the requests for the model during the incident. */
  readonly faults: readonly Fault[];
}

const fault = (model: string, cause: Cause, rate: number): Fault => ({ cause, rate, model, afterMs: 0 });
const GATEWAY = 'gateway';

/** Six things that go wrong at once with six models of one gateway: six pages, each with its own name. */
export const MODEL_INCIDENTS: readonly ModelStory[] = [
  {
    title: '503 surge protection on one model',
    job: GATEWAY,
    model: 'surging',
    caller: { perSecond: 4 },
    faults: [fault('surging', 'surge_protection', 0.9)],
    sent: ['critical LLMApi503SpikeSevere'],
    muted: ['LLMApi503Spike', 'LLMErrorBudgetBurnFast'],
  },
  {
    title: '504 on long answers that are not streamed',
    job: GATEWAY,
    model: 'slow',
    caller: { perSecond: 4, stream: false },
    faults: [fault('slow', 'gateway_timeout_long_generation', 0.9)],
    sent: ['critical LLMApi504Spike'],
  },
  {
    title: '429 for the tokens per minute',
    job: GATEWAY,
    model: 'limited',
    caller: { perSecond: 4 },
    faults: [fault('limited', 'rate_limit_tpm', 0.9)],
    sent: ['critical LLMApi429TokensPerMinute'],
  },
  {
    title: 'the balance is used up',
    job: GATEWAY,
    model: 'unpaid',
    caller: { perSecond: 3 },
    faults: [fault('unpaid', 'insufficient_balance', 1)],
    sent: ['critical LLMApiQuotaExhausted'],
  },
  {
    title: 'a wrong key after a rotation',
    job: GATEWAY,
    model: 'locked',
    caller: { perSecond: 3 },
    faults: [fault('locked', 'auth_invalid_key', 1)],
    sent: ['critical LLMUpstreamAuthFailing'],
  },
  {
    title: 'streams that break off after their 200',
    job: GATEWAY,
    model: 'breaking',
    caller: { perSecond: 4, stream: true },
    faults: [fault('breaking', 'stream_interrupted', 0.9)],
    sent: ['critical LLMMidStreamFailures'],
    muted: ['LLMErrorBudgetBurnFast'],
  },
];

export const OVERLOAD: Story & { readonly models: readonly string[]; readonly faults: readonly Fault[] } = {
  title: 'overload on all models of a provider',
  job: 'overloaded',
  models: ['first', 'second', 'third'],
  faults: [{ cause: 'model_overloaded', rate: 0.9, afterMs: 0 }],
  sent: ['critical LLMProviderDegraded'],
  muted: ['LLMApi503SpikeSevere', 'LLMApi503Spike', 'LLMErrorBudgetBurnFast'],
};

export const UNREACHABLE: Story = {
  title: 'a provider that cannot be reached',
  job: 'unreachable',
  sent: ['critical LLMProviderUnreachable'],
  muted: ['LLMErrorBudgetBurnFast'],
};

export const KILLED: Story = {
  title: 'an exporter that is killed',
  job: 'killed',
  sent: ['critical LLMExporterVanished'],
  muted: ['LLMExporterTargetDown'],
};

export const STALLED: Story = {
  title: 'a log that cannot be read any more',
  job: 'stalled',
  sent: ['critical LLMIngestStalled'],
};

/** Nobody is told of these: clients of one gateway, each with a model of its own. */
export const QUIET_CLIENTS: readonly (Story & { readonly callers: readonly Caller[] })[] = [
  {
    title: 'clients that leave early',
    job: 'quiet',
    callers: [
      { model: 'abandoned', perSecond: 1 },
      { model: 'abandoned', perSecond: 1, cause: 'client_aborted', patienceMs: 100 },
    ],
    sent: [],
  },
  {
    title: 'one client with a wrong key',
    job: 'quiet',
    // A refusal a minute on the clock of the rules.
    callers: [
      { model: 'shared', perSecond: 1 },
      { model: 'shared', perSecond: 0.5, cause: 'auth_invalid_key' },
    ],
    sent: [],
  },
  {
    title: 'one request that fails in an hour',
    job: 'quiet',
    callers: [{ model: 'healthy', perSecond: 2 }],
    sent: [],
  },
];

export const RESTART: Story = { title: 'a restart', job: 'restarted', sent: [] };
export const DEPLOY: Story = { title: 'a deploy: one exporter is replaced after the other', job: 'deployed', sent: [] };
