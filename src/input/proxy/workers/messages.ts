import type { ProxyConfig } from '../../../config/schema.ts';
import type { ListenAddress } from '../../../config/units.ts';
import type { RequestEvent } from '../../../event/request-event.ts';
import type { AttemptVerdict, RetryDecision, Tap } from '../../../event/sink.ts';
import type { LogLevel } from '../../../log.ts';
import type { ShedReason } from '../turn/shed.ts';
import type { Share } from './share.ts';

/**
 * What the main process and its workers say to one another, in batches that keep their order. It is plain data and goes as JSON: for a batch
 * of one to thirty requests that took 3 µs a request on both sides together, and v8's own serialization ("advanced") 5 to 12.
 *
 * Requests and turns have numbers that their worker gives, each from 1.
 */
export type ToMain =
  | readonly ['listening', ListenAddress]
  /** It cannot: Node's code and words. */
  | readonly ['refused', code: string, message: string]
  | readonly ['open', request: number, provider: string]
  | readonly ['model', request: number, model: string]
  | readonly ['attempt', request: number, RequestEvent]
  | readonly ['retry', request: number, AttemptVerdict, RetryDecision]
  | readonly ['end', request: number, RequestEvent]
  | readonly ['turn', turn: number, TurnRequest]
  | readonly ['turn-cause', turn: number, cause: string]
  /** It is given back; what it came to may follow. */
  | readonly ['turn-end', turn: number]
  /** It is given back, and nothing follows. */
  | readonly ['turn-over', turn: number]
  | readonly ['uncounted', requests: number]
  | readonly ['tap-failed', Tap]
  | readonly ['log', LogLevel, message: string, fields: Readonly<Record<string, unknown>>];

export type ToWorker =
  | readonly ['start', WorkerStart]
  | readonly ['reload', WorkerSettings]
  | readonly ['drain', deadlineMs: number]
  | readonly ['close']
  | readonly ['granted', turn: number]
  | readonly ['shed', turn: number, ShedReason];

/** What a reload can change. Certificates and keys stay in their files: a worker reads them itself. */
export interface WorkerSettings {
  readonly proxy: ProxyConfig;
  /** Of rules of the user's own. */
  readonly rulesFile?: string | undefined;
  /** By provider, where there is one. */
  readonly gatewayTimeouts: Readonly<Record<string, number>>;
}

export interface WorkerStart extends WorkerSettings {
  readonly address: ListenAddress;
  readonly share: Share;
}

export interface TurnRequest {
  /** Its name. */
  readonly upstream: string;
  readonly priority: string;
  readonly model?: string | undefined;
}
