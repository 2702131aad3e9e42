import type { Catalogue } from '../../classify/catalogue.ts';
import type { Cause } from '../../classify/causes.ts';
import { type Classification, type Classifier, classify, classifyAlike } from '../../classify/classify.ts';
import { createTrafficObserver } from '../../classify/inference/traffic-observer.ts';
import type { Clock } from '../../clock.ts';
import type { RequestEvent } from '../../event/request-event.ts';
import type { AttemptVerdict, EventSink, ProxySink, PushSink, WorkerSink } from '../../event/sink.ts';
import type { Store } from '../store.ts';
import { createBatchRecorder } from './batch-recorder.ts';
import { createEventRecorder, type Way } from './event-recorder.ts';
import { createFailureLog, type Failure } from './failures.ts';
import { createInFlight } from './in-flight.ts';
import { beginAtZero, exposeInfo, type ProviderSettings, type ProvidersByLabel } from './info.ts';
import { createLanes } from './lanes.ts';
import { createBasisCounts, createMeters } from './meter.ts';
import { type Admission, createAdmission, UNKNOWN } from './model-admission.ts';
import { createProxyRecorder } from './proxy-recorder.ts';
import { createPushRecorder } from './push-recorder.ts';
import { createQueueRecorder } from './queue-recorder.ts';
import { createRateLimits } from './rate-limits.ts';
import type { SourceFit } from './source/source-fit.ts';
import { createSourceRecorder, type SourceReport } from './source/source-recorder.ts';

/** What the recorder takes from the configuration. */
export interface RecorderSettings {
  readonly providers: Readonly<Record<string, ProviderSettings>>;
  /** Most models of one provider that get a label value of their own. */
  readonly modelLimit: number;
}

/** The sink that counts. */
export interface Recorder extends EventSink, ProxySink, PushSink, WorkerSink {
  /** Takes over a changed configuration and, where given, other rules; nothing counted or admitted before is lost. */
  reconfigure(settings: RecorderSettings, catalogue?: Catalogue): void;
  /** Recent failures, newest first. */
  failures(): readonly Failure[];
  /** What there is to say of the sources that are read now. */
  sources(): readonly SourceReport[];
}

/**
 * Classifies every event and counts it in the store. `onFailure` is told each final event whose cause is not `none`, `onFit` when the
 * lines of a source stop fitting what is configured for it, and when they fit again.
 */
export function createRecorder({
  store,
  catalogue: initial,
  clock,
  settings,
  onFailure = () => {},
  onFit,
}: {
  readonly store: Store;
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  readonly settings: RecorderSettings;
  readonly onFailure?: ((event: RequestEvent, verdict: Classification) => void) | undefined;
  readonly onFit?: ((source: string, fit: SourceFit) => void) | undefined;
}): Recorder {
  let catalogue = initial;
  let providers: ProvidersByLabel = new Map();
  const admission = createAdmission({
    onOverflow: (label) => store.add('llm_exporter_label_overflow_total', { label }),
  });
  admission.restore(store.samples('llm_requests_total').map(({ labels }) => labels));
  const failureLog = createFailureLog();
  const meters = createMeters(store);
  const basisCounts = createBasisCounts(store);
  const noteRateLimit = createRateLimits({ store, clock });
  const { queue, begin: beginQueues } = createQueueRecorder({ store, clock, admission });

  const observer = createTrafficObserver();
  const lanes = createLanes({
    admission,
    observer,
    meterOf: (provider, model, stream) => meters(provider)(model)(stream === undefined ? UNKNOWN : String(stream)),
    gatewayTimeoutSeconds: (provider) => providers.get(provider)?.gatewayTimeoutSeconds,
  });

  /** The label of a model that had none before this event, and its series. */
  const prove = (event: RequestEvent, provider: string, cause: Cause) => {
    const model = admission.model(provider, event.model, catalogue.causes[cause].provesModel);
    return { model, meter: meters(provider)(model)(event.stream === undefined ? UNKNOWN : String(event.stream)) };
  };

  const recordIn = createEventRecorder({ prove, noteRateLimit, basisCounts, failureLog, onFailure });
  const classifyAny: Classifier = (event, context) => classify(event, catalogue, context);

  const record = (event: RequestEvent, inFlight?: number, lane = lanes.of(event)) => {
    const known = inFlight === undefined ? lane.known : { ...lane.known, inFlight };
    recordIn({ lane, known, classifier: classifyAny }, event);
  };

  const batches = createBatchRecorder({
    lanes,
    record: (event, lane) => record(event, undefined, lane),
    recorderOf(kind, lane) {
      const way: Way = { lane, known: lane.known, classifier: classifyAlike(kind, catalogue) };
      return (event) => recordIn(way, event);
    },
  });

  const reconfigure = (next: RecorderSettings, rules = catalogue) => {
    catalogue = rules;
    admission.configure(next);
    providers = toLabels(next.providers, admission);
    lanes.forget();
    batches.forget();
    exposeInfo(store, providers, catalogue);
    beginAtZero(store, providers, catalogue);
    beginQueues(providers);
  };

  reconfigure(settings);
  const judgeTry = (event: RequestEvent, inFlight: number): AttemptVerdict => {
    const lane = lanes.of(event);
    const { cause } = classify(event, catalogue, lane.traffic().contextFor(event, { ...lane.known, inFlight }));
    return { cause, retryable: catalogue.causes[cause].retryable };
  };
  const open = createInFlight({ store, admission, record, judge: judgeTry });
  const { open: source, reports: sources } = createSourceRecorder({
    ...{ store, clock, record, onFit },
    recordBatch: batches.record,
  });
  const pushes = createPushRecorder(store);
  const { taps, workers } = createProxyRecorder(store);
  return { open, source, pushes, queue, taps, workers, reconfigure, failures: failureLog.list, sources };
}

/** What is configured, by the label values that events will be counted under. */
function toLabels(providers: RecorderSettings['providers'], admission: Admission): ProvidersByLabel {
  return new Map(
    Object.entries(providers).map(([name, settings]) => {
      const provider = admission.provider(name);
      const models = settings.models.map((model) => admission.model(provider, model, true));
      return [provider, { ...settings, models }];
    }),
  );
}
