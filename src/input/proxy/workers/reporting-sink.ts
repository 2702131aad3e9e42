import type { RequestEvent } from '../../../event/request-event.ts';
import type { AttemptVerdict, LiveRequest, ProxySink } from '../../../event/sink.ts';
import type { ToMain } from './messages.ts';
import type { Outbox } from './outbox.ts';

/**
 * Names causes where a request is: a client whose error shall carry one, and a retry that goes by it, cannot wait for another process. What it
 * knows of traffic is its own part of it. The cause that is counted is found in the main process, which knows all; the two may differ
 * where a cause is inferred from traffic, and nowhere else.
 */
export interface Judge {
  judge(event: RequestEvent): AttemptVerdict;
  /** Learns from a try or a request that has ended. */
  observe(event: RequestEvent): void;
}

/**
 * Reports that may wait for a main process that does not take them, some 15 MB; what comes then is passed on and not reported but as a number.
 * A request that was reported as begun is reported to its end.
 */
const MAX_WAITING = 50_000;

/** The sink of a worker: tells the main process, which counts. */
export interface ReportingSink extends ProxySink {
  /** Tells of what was not reported, whatever waits: no report follows that could. */
  tellUncounted(): void;
}

export function createReportingSink({
  outbox,
  judge,
}: {
  readonly outbox: Outbox<ToMain>;
  readonly judge: Judge;
}): ReportingSink {
  let lastId = 0;
  let unreported = 0;

  function tellUncounted(): void {
    if (unreported > 0) outbox.push(['uncounted', unreported]);
    unreported = 0;
  }

  function tell(message: ToMain): void {
    if (outbox.size < MAX_WAITING) tellUncounted();
    outbox.push(message);
  }

  return {
    tellUncounted,
    open({ provider }) {
      if (outbox.size >= MAX_WAITING) {
        unreported += 1;
        return { model: undefined, judge: judge.judge, attempt() {}, retry() {}, end() {} };
      }
      lastId += 1;
      tell(['open', lastId, provider]);
      return createRequest(lastId, tell, judge);
    },
    // Waits are counted where turns are given.
    queue: () => ({ admitted() {}, rejected() {}, left() {} }),
    taps: () => (part) => tell(['tap-failed', part]),
  };
}

function createRequest(id: number, tell: (message: ToMain) => void, judge: Judge): LiveRequest {
  let model: string | undefined;
  let hasEnded = false;
  return {
    get model() {
      return model;
    },
    set model(name) {
      if (name === undefined || name === model) return;
      model = name;
      tell(['model', id, name]);
    },
    judge: judge.judge,
    attempt(event) {
      judge.observe(event);
      tell(['attempt', id, event]);
    },
    retry: (verdict, decision) => tell(['retry', id, verdict, decision]),
    end(event) {
      if (hasEnded) return;
      hasEnded = true;
      judge.observe(event);
      tell(['end', id, event]);
    },
  };
}
