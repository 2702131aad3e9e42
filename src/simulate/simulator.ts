import { createServer } from 'node:http';
import { type Clock, systemClock } from '../clock.ts';
import type { Log } from '../log.ts';
import { createExchange } from './exchange.ts';
import type { Fault } from './faults.ts';
import { handle, type State } from './handler.ts';
import { type Address, closeServer, listen } from './listen.ts';
import type { Pace } from './perform.ts';

export interface SimulatorOptions extends Partial<Pace> {
  readonly clock?: Clock;
  readonly log?: Log;
  /** The same seed and the same order of requests give the same answers and the same failures. */
  readonly seed?: number;
  /** Models that exist; none given: every name does. */
  readonly models?: readonly string[];
  /** Whether a request without a key gets 401. */
  readonly requireKey?: boolean;
  readonly faults?: readonly Fault[];
}

/** An LLM API that fails on demand. */
export interface Simulator {
  /** Port 0 lets the system choose; answers with the address in use. Throws a ProblemError when it is taken. */
  listen(address: Address): Promise<Address>;
  /** What fails from now on; requests under way are not affected. */
  setFaults(faults: readonly Fault[]): void;
  /** Calls of the API that were answered or are under way; refused ones and those that bring a seed do not count. */
  requests(): number;
  /** Breaks what is under way. */
  close(): Promise<void>;
}

/** Longer than clients keep an idle connection, as load balancers have it: else their next request meets a reset. */
const KEEP_ALIVE_MS = 65_000;

/**
 * OpenAI's and Anthropic's APIs under any base path, streamed and not. `GET|PUT|DELETE /-/faults` says what fails;
 * a request's own header `x-simulate-cause` (`surge_protection`, or `model_overloaded,afterTokens=3`) goes before that,
 * and its header `x-simulate-seed` makes its answer independent of the requests before it.
 */
export function createSimulator(options: SimulatorOptions = {}): Simulator {
  const { clock = systemClock, log, seed = 1, models = [], requireKey = false, faults = [] } = options;
  const { latencyMs = 0, tokensPerSecond = 0, gatewayTimeoutMs = 60_000 } = options;
  const pace = { latencyMs, tokensPerSecond, gatewayTimeoutMs };
  const state: State = { clock, seed, models, requireKey, pace, faults, count: 0 };
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    handle(state, request, createExchange(response, clock)).catch((error: unknown) => {
      // The client broke off its body; there is nobody to answer.
      log?.debug('simulated request ended early', { err: error });
      response.destroy();
    });
  });
  return {
    listen: (address) => listen(server, address),
    setFaults(next) {
      state.faults = next;
    },
    requests: () => state.count,
    close: () => closeServer(server),
  };
}
