import type { Basis, Cause } from '../../classify/causes.ts';
import type { Classification, Classifier } from '../../classify/classify.ts';
import type { KnownContext } from '../../classify/inference/traffic-state.ts';
import type { RequestEvent } from '../../event/request-event.ts';
import type { Count } from '../store.ts';
import type { Failure, FailureLog } from './failures.ts';
import type { Lane } from './lanes.ts';
import { type Judged, measureAttempt, measureRequest } from './measure.ts';

/** How an event is recorded. */
export interface Way {
  readonly lane: Lane;
  readonly known: KnownContext;
  readonly classifier: Classifier;
}

export interface EventRecorderOptions {
  /** The label of a model that had none before this event, and its series. */
  readonly prove: (event: RequestEvent, provider: string, cause: Cause) => NonNullable<Lane['counted']>;
  readonly noteRateLimit: (judged: Judged) => void;
  readonly basisCounts: (provider: string) => (basis: Basis) => Count;
  readonly failureLog: FailureLog;
  readonly onFailure: (event: RequestEvent, verdict: Classification) => void;
}

/** Classifies an event, learns from it and counts it. */
export function createEventRecorder({
  prove,
  noteRateLimit,
  basisCounts,
  failureLog,
  onFailure,
}: EventRecorderOptions): (way: Way, event: RequestEvent) => void {
  return ({ lane, known, classifier }, event) => {
    const { provider } = lane;
    const traffic = lane.traffic();
    const verdict = classifier(event, traffic.contextFor(event, known));
    traffic.observe(event, verdict.cause, known);
    const { model, meter } = lane.counted ?? prove(event, provider, verdict.cause);
    const { gatewayTimeoutSeconds } = lane.known;
    const judged: Judged = { event, provider, model, verdict, gatewayTimeoutSeconds };
    measureAttempt(meter, judged);
    if (event.rateLimit !== undefined) noteRateLimit(judged);
    if (!event.final) return;
    measureRequest(meter, judged);
    if (verdict.cause === 'none') return;
    basisCounts(provider)(verdict.basis)();
    failureLog.add(toFailure(judged));
    onFailure(event, verdict);
  };
}

const MAX_ID_LENGTH = 128;

function toFailure({ event, provider, model, verdict }: Judged): Failure {
  const { timeMs, code, requestId: named } = event;
  const { cause, basis, rule } = verdict;
  // A long one may be a piece of a whole body, which would stay in memory with it.
  const requestId = named !== undefined && named.length <= MAX_ID_LENGTH ? named : undefined;
  return { timeMs, provider, model, code, cause, basis, rule, requestId };
}
