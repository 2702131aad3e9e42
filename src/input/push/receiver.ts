import type { Readable } from 'node:stream';
import type { Clock } from '../../clock.ts';
import type { PushConfig } from '../../config/schema.ts';
import type { EventSink, PushResult, PushSink, SourceSink } from '../../event/sink.ts';
import type { Log } from '../../log.ts';
import { configuredParser, type LineSink } from '../configured-parser.ts';
import { type Admitted, admit, authorize, type ReadHeader } from './admission.ts';
import { type PushAnswer, refusal, retryLater } from './answer.ts';
import { createBatchCounter } from './batch-counter.ts';
import { type BodyMemory, type BodyResult, readBody } from './body.ts';
import { createLineRate, type LineRate } from './line-rate.ts';
import { createPushKeys } from './push-keys.ts';

/** A request to `POST /v1/logs`. */
export interface PushRequest {
  readonly header: ReadHeader;
  readonly body: Readable;
}

/**
 * Takes request logs that others send. A request counts wholly or not at all:
 * authorised -> read -> looked up by its key -> parsed, in steps -> counted and its key noted, in one step -> durable -> answered.
 * Whoever is told 2xx need not keep the batch; after anything else nothing of it is counted (but for a batch of nothing but rejects), and it
 * may be sent again. When the process dies between counting and answering, the key tells the second try from a new batch; without
 * a key it counts twice.
 */
export interface PushReceiver {
  /** Absent: pushes are refused. What is under way ends under the settings it began with. */
  reconfigure(config: PushConfig | undefined): void;
  receive(request: PushRequest): Promise<PushAnswer>;
  /** Nothing more is counted from here on. */
  close(): void;
  /** Digests of the keys that were counted, as plain data. */
  save(): readonly string[];
}

export interface PushReceiverOptions {
  readonly sink: EventSink & PushSink;
  readonly clock: Clock;
  readonly log: Log;
  /** What `save` gave in the run before. */
  readonly saved?: unknown;
  /** Resolves when all that is counted by now outlives the process. Must not reject. */
  readonly durable: () => Promise<unknown>;
}

/** The source label of pushed lines. */
const PUSH_SOURCE = 'push';
/** For a whole body; a sender of 8 MiB needs 7 Mbit/s. */
export const BODY_TIMEOUT_MS = 10_000;
/** What all bodies under way may hold together, in bodies of the largest size. */
const BODIES_IN_MEMORY = 4;
const NOT_ENABLED = 'push is not enabled: set push in the configuration';

/** The settings in force, and what is built from them. */
interface Setup {
  readonly config: PushConfig;
  readonly sink: SourceSink;
  readonly rate: LineRate;
  readonly answered: (result: PushResult) => void;
}

export function createPushReceiver({ sink, clock, log, saved, durable }: PushReceiverOptions): PushReceiver {
  const keys = createPushKeys(clock, saved);
  const memory: BodyMemory = { heldBytes: 0 };
  let setup: Setup | undefined;
  let closed = false;
  const count = createBatchCounter({ keys, durable, isClosed: () => closed });

  async function answer({ header, body: source }: PushRequest, current: Setup): Promise<PushAnswer> {
    if (closed) return retryLater('unavailable', 'the exporter is stopping', 1000);
    const { config, rate } = current;
    const refused = await authorize(header, config, log);
    if (refused !== undefined) return refused;
    const admitted = admit(header, config);
    if ('result' in admitted) return admitted;
    const waitMs = rate.waitMs();
    if (waitMs > 0) return retryLater('rate_limited', 'more came in than push.max_lines_per_second', waitMs);
    const body = await read(source, admitted, config.max_body);
    if (body.kind !== 'body') return toRefusal(body, config.max_body);
    const delivery = {
      ...{ body: body.bytes, cutting: admitted.cutting, keyHash: admitted.keyHash, rate, sink: current.sink },
      // Each body its own: a parser remembers what it read before, and several bodies are read at a time.
      parserFor: (beyond: LineSink) => configuredParser(config, clock, beyond),
      maxLineBytes: config.max_line,
    };
    return count(delivery).finally(body.release);
  }

  function read(source: Readable, { decoder }: Admitted, maxBytes: number): Promise<BodyResult> {
    const maxHeldBytes = BODIES_IN_MEMORY * maxBytes;
    return readBody({ source, decoder, maxBytes, maxHeldBytes, memory, clock, timeoutMs: BODY_TIMEOUT_MS });
  }

  function begin(config: PushConfig): Setup {
    const rate = setup?.rate ?? createLineRate(clock, config.max_lines_per_second);
    rate.perSecond = config.max_lines_per_second;
    const source = setup?.sink ?? sink.source(PUSH_SOURCE);
    source.status({ up: true, lagBytes: 0 });
    return {
      config,
      rate,
      sink: source,
      answered: setup?.answered ?? sink.pushes(),
    };
  }

  return {
    reconfigure(config) {
      if (config === undefined) setup?.sink.close();
      setup = config && begin(config);
    },
    async receive(request) {
      const current = setup;
      if (current === undefined) return { ...refusal('unauthorized', NOT_ENABLED), status: 403 };
      const given = await answer(request, current);
      current.answered(given.result);
      return given;
    },
    close() {
      closed = true;
    },
    save: () => keys.save(),
  };
}

function toRefusal(body: Exclude<BodyResult, { readonly kind: 'body' }>, maxBytes: number): PushAnswer {
  switch (body.kind) {
    case 'too_large':
      return refusal('too_large', `the body is larger than the ${maxBytes} bytes of push.max_body, when unpacked`);
    case 'damaged':
      return refusal('malformed', `the body cannot be unpacked: ${body.reason}`);
    case 'timed_out':
      return refusal('timed_out', `the body took longer than ${BODY_TIMEOUT_MS / 1000}s`, { Connection: 'close' });
    case 'busy':
      return retryLater('rate_limited', 'other bodies take all the memory that push may use', 1000);
    case 'aborted':
      return refusal('aborted', 'the body broke off');
    default:
      return body satisfies never;
  }
}
