import type { Catalogue } from '../../classify/catalogue.ts';
import { type Classification, classify } from '../../classify/classify.ts';
import { createTrafficObserver } from '../../classify/inference/traffic-observer.ts';
import type { Clock } from '../../clock.ts';
import type { RequestEvent } from '../../event/request-event.ts';
import type { AttemptVerdict, EventSink } from '../../event/sink.ts';
import type { Store } from '../store.ts';
import { createFailureLog, type Failure } from './failures.ts';
import { createInFlight } from './in-flight.ts';
import { beginAtZero, exposeInfo, type ProviderSettings, type ProvidersByLabel } from './info.ts';
import { type Judged, measureAttempt, measureRequest } from './measure.ts';
import { createMeters } from './meter.ts';
import { type Admission, createAdmission, UNKNOWN } from './model-admission.ts';
import { createQueueRecorder } from './queue-recorder.ts';
import { createRateLimits } from './rate-limits.ts';
import { createSourceRecorder } from './source-recorder.ts';

/** What the recorder takes from the configuration. */
export interface RecorderSettings {
  readonly providers: Readonly<Record<string, ProviderSettings>>;
  /** Most models of one provider that get a label value of their own. */
  readonly modelLimit: number;
}

/** The sink that counts. */
export interface Recorder extends EventSink {
  /** Takes over a changed configuration and, where given, other rules; nothing counted or admitted before is lost. */
  reconfigure(settings: RecorderSettings, catalogue?: Catalogue): void;
  /** Recent failures, newest first. */
  failures(): readonly Failure[];
}

/** Classifies every event and counts it in the store. `onFailure` is told each final event whose cause is not `none`. */
export function createRecorder({
  store,
  catalogue: initial,
  clock,
  settings,
  onFailure = () => {},
}: {
  readonly store: Store;
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  readonly settings: RecorderSettings;
  readonly onFailure?: ((event: RequestEvent, verdict: Classification) => void) | undefined;
}): Recorder {
  let catalogue = initial;
  let providers: ProvidersByLabel = new Map();
  const admission = createAdmission({
    onOverflow: (label) => store.add('llm_exporter_label_overflow_total', { label }),
  });
  const failureLog = createFailureLog();
  const meters = createMeters(store);
  const observer = createTrafficObserver();
  const noteRateLimit = createRateLimits({ store, clock });
  const { queue, begin: beginQueues } = createQueueRecorder({ store, clock, admission });

  const judge = (event: RequestEvent, inFlight: number | undefined): Judged => {
    const provider = admission.provider(event.provider);
    const gatewayTimeoutSeconds = providers.get(provider)?.gatewayTimeoutSeconds;
    const traffic = observer.of(provider, admission.model(provider, event.model, false));
    const known = { gatewayTimeoutSeconds, inFlight };
    const verdict = classify(event, catalogue, traffic.contextFor(event, known));
    traffic.observe(event, verdict.cause, known);
    const model = admission.model(provider, event.model, catalogue.causes[verdict.cause].provesModel);
    return { event, provider, model, verdict, gatewayTimeoutSeconds };
  };

  const record = (event: RequestEvent, inFlight?: number) => {
    const judged = judge(event, inFlight);
    const meter = meters(judged.provider)(judged.model)(event.stream === undefined ? UNKNOWN : String(event.stream));
    measureAttempt(meter, judged);
    noteRateLimit(judged);
    if (!event.final) return;
    measureRequest(meter, judged);
    if (judged.verdict.cause === 'none') return;
    store.add('llm_classifications_total', { provider: judged.provider, basis: judged.verdict.basis });
    failureLog.add(toFailure(judged));
    onFailure(event, judged.verdict);
  };

  const reconfigure = (next: RecorderSettings, rules = catalogue) => {
    catalogue = rules;
    admission.configure(next);
    providers = toLabels(next.providers, admission);
    exposeInfo(store, providers, catalogue);
    beginAtZero(store, providers, catalogue);
    beginQueues(providers);
  };

  reconfigure(settings);
  const judgeTry = (event: RequestEvent, inFlight: number): AttemptVerdict => {
    const provider = admission.provider(event.provider);
    const known = { gatewayTimeoutSeconds: providers.get(provider)?.gatewayTimeoutSeconds, inFlight };
    const traffic = observer.of(provider, admission.model(provider, event.model, false));
    const { cause } = classify(event, catalogue, traffic.contextFor(event, known));
    return { cause, retryable: catalogue.causes[cause].retryable };
  };
  const open = createInFlight({ store, admission, record, judge: judgeTry });
  const source = createSourceRecorder({ store, clock, record });
  return { open, source, queue, reconfigure, failures: failureLog.list };
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

/** Ids are for looking a request up in a log; one of another form is not worth the risk of what it holds. */
const REQUEST_ID = /^[\w.:/+=-]{1,128}$/;

function toFailure({ event, provider, model, verdict }: Judged): Failure {
  const requestId = event.requestId !== undefined && REQUEST_ID.test(event.requestId) ? event.requestId : undefined;
  return { timeMs: event.timeMs, provider, model, code: event.code, ...verdict, requestId };
}
