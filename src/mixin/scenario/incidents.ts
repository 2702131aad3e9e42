import type { AlertName, Severity } from '../settings/thresholds.ts';
import type { Firing, Scenario } from './scenario.ts';
import type { Flow } from './traffic.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

const MODEL = 'deepseek/deepseek-v3.1';
const busy: Flow = { model: MODEL, perSecond: 5, seconds: 4, firstTokenSeconds: 0.5 };
const other: Flow = { model: 'qwen/qwen3-32b', perSecond: 2, seconds: 3 };
const third: Flow = { model: 'moonshotai/kimi-k2', perSecond: 1, seconds: 3 };

const SOURCE = { source: 'nginx' };
const ALL = [busy, other, third];

/** Incidents that operators know, and what the pack must say of each. */
export const INCIDENTS: readonly Scenario[] = [
  {
    name: 'surge-protection-on-one-model',
    story: 'For ten minutes 40 % of the requests for one model are refused by surge protection; another model is well.',
    stretches: [
      { seconds: HOUR, flows: [busy, other] },
      { seconds: 10 * MINUTE, flows: [{ ...busy, mix: { '503 surge_protection': 0.4 } }, other] },
      { seconds: 40 * MINUTE, flows: [busy, other] },
    ],
    moments: [
      { seconds: HOUR, firing: [] },
      { seconds: HOUR + 8 * MINUTE, firing: spikes503(busy) },
      { seconds: HOUR + 50 * MINUTE, firing: [] },
    ],
  },
  {
    name: 'provider-overloaded',
    story: 'All models of a provider are overloaded at once: half of all requests for 15 minutes.',
    stretches: [
      { seconds: HOUR, flows: ALL },
      {
        seconds: 15 * MINUTE,
        flows: ALL.map((flow) => ({ ...flow, mix: { '503 model_overloaded': 0.5 } })),
      },
      { seconds: 40 * MINUTE, flows: ALL },
    ],
    moments: [
      { seconds: HOUR + 6 * MINUTE, firing: [...ALL.flatMap(spikes503), of('LLMProviderDegraded', 'critical')] },
      { seconds: HOUR + 55 * MINUTE, firing: [] },
    ],
  },
  {
    name: 'long-generations-time-out',
    story: 'Non-streaming answers grow longer until the gateway gives up on every fourth; the same model streams well.',
    stretches: [
      { seconds: HOUR, flows: [busy, { ...busy, stream: true }] },
      {
        seconds: 20 * MINUTE,
        flows: [
          { ...busy, nearTimeout: 0.1 },
          { ...busy, stream: true },
        ],
      },
      {
        seconds: 20 * MINUTE,
        flows: [
          { ...busy, mix: { '504 gateway_timeout_long_generation': 0.5 } },
          { ...busy, stream: true },
        ],
      },
      { seconds: 40 * MINUTE, flows: [busy, { ...busy, stream: true }] },
    ],
    moments: [
      { seconds: HOUR + 18 * MINUTE, firing: [of('LLMNearGatewayTimeout', 'warning', busy)] },
      {
        seconds: HOUR + 28 * MINUTE,
        firing: [
          of('LLMNearGatewayTimeout', 'warning', busy),
          of('LLMApi504Spike', 'warning', busy, '504'),
          of('LLMApi504Spike', 'critical', busy, '504'),
        ],
      },
      { seconds: 2 * HOUR + 18 * MINUTE, firing: [] },
    ],
  },
  {
    name: 'tokens-per-minute',
    story: 'A batch job runs into the tokens per minute of the account: every fifth request for half an hour.',
    stretches: [
      { seconds: HOUR, flows: [busy] },
      { seconds: 30 * MINUTE, flows: [{ ...busy, mix: { '429 rate_limit_tpm': 0.2 } }] },
      { seconds: 40 * MINUTE, flows: [busy] },
    ],
    moments: [
      { seconds: HOUR + 5 * MINUTE, firing: [] },
      { seconds: HOUR + 20 * MINUTE, firing: [of('LLMApi429TokensPerMinute', 'warning', busy)] },
      { seconds: 2 * HOUR + 8 * MINUTE, firing: [] },
    ],
  },
  {
    name: 'quota-exhausted',
    story: 'The balance of the account is used up: nothing is answered any more until somebody fills it up.',
    stretches: [
      { seconds: HOUR, flows: [busy] },
      { seconds: 30 * MINUTE, flows: [{ ...busy, mix: { '403 insufficient_balance': 1 } }] },
      { seconds: 40 * MINUTE, flows: [busy] },
    ],
    moments: [
      { seconds: HOUR + 5 * MINUTE, firing: [of('LLMApiQuotaExhausted', 'critical', busy)] },
      { seconds: HOUR + 28 * MINUTE, firing: [of('LLMApiQuotaExhausted', 'critical', busy)] },
      { seconds: 2 * HOUR + 8 * MINUTE, firing: [] },
    ],
  },
  {
    name: 'wrong-key-after-a-rotation',
    story: 'A deploy brings a wrong API key for everybody: each request is refused with 401.',
    stretches: [
      { seconds: HOUR, flows: [busy, other] },
      { seconds: 20 * MINUTE, flows: [busy, other].map((flow) => ({ ...flow, mix: { '401 auth_invalid_key': 1 } })) },
      { seconds: 40 * MINUTE, flows: [busy, other] },
    ],
    moments: [
      {
        seconds: HOUR + 16 * MINUTE,
        firing: [
          of('LLMClientAuthBurst', 'info'),
          of('LLMUpstreamAuthFailing', 'critical', busy),
          of('LLMUpstreamAuthFailing', 'critical', other),
        ],
      },
      { seconds: HOUR + 58 * MINUTE, firing: [] },
    ],
  },
  {
    name: 'provider-unreachable',
    story: 'The address of the provider cannot be reached: no connection for any model.',
    stretches: [
      { seconds: HOUR, flows: [busy, other] },
      {
        seconds: 10 * MINUTE,
        flows: [busy, other].map((flow) => ({ ...flow, mix: { '502 upstream_unreachable': 1 } })),
      },
      { seconds: 50 * MINUTE, flows: [busy, other] },
    ],
    moments: [
      {
        seconds: HOUR + 9 * MINUTE,
        firing: [
          of('LLMProviderUnreachable', 'critical'),
          ...[busy, other].flatMap((flow) => [
            of('LLMApi500Burst', 'warning', flow, '502'),
            of('LLMErrorBudgetBurnFast', 'critical', flow),
          ]),
        ],
      },
      { seconds: HOUR + 50 * MINUTE, firing: [] },
    ],
  },
  {
    name: 'streams-cut-off',
    story: 'Every third stream of a model breaks off in the middle, with status 200.',
    stretches: [
      { seconds: HOUR, flows: [{ ...busy, stream: true }] },
      { seconds: 15 * MINUTE, flows: [{ ...busy, stream: true, mix: { '200 stream_interrupted': 0.33 } }] },
      { seconds: 50 * MINUTE, flows: [{ ...busy, stream: true }] },
    ],
    moments: [
      {
        seconds: HOUR + 10 * MINUTE,
        firing: [of('LLMMidStreamFailures', 'warning', busy), of('LLMMidStreamFailures', 'critical', busy)],
      },
      { seconds: HOUR + 45 * MINUTE, firing: [] },
    ],
  },
  {
    name: 'exporter-killed',
    story: 'One of two exporters does not come back for a quarter of an hour.',
    stretches: [
      { seconds: HOUR, flows: [busy] },
      { seconds: 15 * MINUTE, flows: [busy], instances: { 1: 'down' } },
      { seconds: 30 * MINUTE, flows: [busy], instances: { 1: 'restarted' } },
    ],
    moments: [
      { seconds: HOUR + 4 * MINUTE, firing: [] },
      { seconds: HOUR + 10 * MINUTE, firing: [{ alert: 'LLMExporterTargetDown', severity: 'warning', labels: {} }] },
      { seconds: HOUR + 25 * MINUTE, firing: [] },
    ],
  },
  {
    name: 'ingestion-stalled',
    story: 'The log of the only gateway grows and is not read any more, for 20 minutes.',
    stretches: [
      { seconds: HOUR, flows: [busy], extras: source(5, 0, 0) },
      { seconds: 20 * MINUTE, flows: [], extras: source(0, 5e6, 600) },
      { seconds: 30 * MINUTE, flows: [busy], extras: source(5, 0, 0) },
    ],
    options: { instances: 1 },
    moments: [
      {
        seconds: HOUR + 15 * MINUTE,
        firing: [{ alert: 'LLMIngestStalled', severity: 'critical', labels: SOURCE }],
      },
      { seconds: HOUR + 48 * MINUTE, firing: [] },
    ],
  },
  {
    name: 'slow-burn',
    story: 'One answer in forty fails for three hours: no spike, but the error budget goes.',
    stretches: [
      { seconds: HOUR, flows: [busy] },
      { seconds: 3 * HOUR, flows: [{ ...busy, mix: { '500 internal_error': 0.025 } }] },
    ],
    moments: [
      { seconds: 2 * HOUR, firing: [] },
      { seconds: 3 * HOUR + 30 * MINUTE, firing: [of('LLMErrorBudgetBurnSlow', 'warning', busy)] },
    ],
  },
  {
    name: 'few-requests-all-fail',
    story: 'A model with three requests an hour answers none of them.',
    stretches: [
      { seconds: 4 * HOUR, flows: [{ model: MODEL, perSecond: 3 / HOUR, mix: { '500 model_engine_error': 1 } }] },
    ],
    moments: [{ seconds: 4 * HOUR - 5 * MINUTE, firing: [of('LLMLowVolumeSustainedErrors', 'warning', busy)] }],
  },
];

/** A followed log: lines per second, bytes and seconds behind. */
function source(linesPerSecond: number, lagBytes: number, lagSeconds: number) {
  const labels = SOURCE;
  return [
    { name: 'llm_exporter_source_lines_total', labels, perSecond: linesPerSecond },
    { name: 'llm_exporter_source_events_total', labels, perSecond: linesPerSecond },
    { name: 'llm_exporter_source_lag_bytes', labels, value: lagBytes },
    { name: 'llm_exporter_source_lag_seconds', labels, value: lagSeconds },
    { name: 'llm_exporter_source_up', labels, value: 1 },
  ];
}

/** An alert about the provider, or about one of its models, or about one of its codes. */
function of(alert: AlertName, severity: Severity, flow?: Flow, code?: string): Firing {
  const labels = { provider: 'novita', ...(flow && { model: flow.model }), ...(code !== undefined && { code }) };
  return { alert, severity, labels };
}

function spikes503(flow: Flow): readonly Firing[] {
  return [of('LLMApi503Spike', 'warning', flow, '503'), of('LLMApi503SpikeSevere', 'critical', flow, '503')];
}
