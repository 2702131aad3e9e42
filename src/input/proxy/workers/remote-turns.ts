import type { ShedReason } from '../turn/shed.ts';
import type { Asker } from '../turn/turn.ts';
import { type AskedTurn, type TurnSource, Turns, type TurnsOptions } from '../turn/turns.ts';
import type { ToMain, TurnRequest } from './messages.ts';

/** The turns of a worker, which the main process gives. */
export interface RemoteTurns {
  /** Those of one upstream, by its name. */
  source(upstream: string, options: TurnsOptions): TurnSource;
  granted(turn: number): void;
  shed(turn: number, reason: ShedReason): void;
  /** Nobody gives turns any more: whoever waits may go, and so may all that come. */
  release(): void;
}

/** Those who wait for an answer of the main process. */
interface Waiting {
  /** Undefined where nobody is left to answer. */
  add(asker: Asker): number | undefined;
  has(id: number): boolean;
  delete(id: number): void;
}

/** Asks by `tell`. The priority of a request is found here, where its headers are. */
export function createRemoteTurns(tell: (message: ToMain) => void): RemoteTurns {
  const askers = new Map<number, Asker>();
  let lastId = 0;
  let isReleased = false;

  const waiting: Waiting = {
    add(asker) {
      if (isReleased) return undefined;
      lastId += 1;
      askers.set(lastId, asker);
      return lastId;
    },
    has: (id) => askers.has(id),
    delete: (id) => askers.delete(id),
  };

  function take(id: number): Asker | undefined {
    const asker = askers.get(id);
    askers.delete(id);
    return asker;
  }

  return {
    source: (upstream, options) => createSource(upstream, options, { waiting, tell }),
    granted: (id) => take(id)?.granted(),
    shed: (id, reason) => take(id)?.shed(reason),
    release() {
      isReleased = true;
      for (const id of [...askers.keys()]) take(id)?.granted();
    },
  };
}

interface Ways {
  readonly waiting: Waiting;
  readonly tell: (message: ToMain) => void;
}

function createSource(upstream: string, options: TurnsOptions, ways: Ways): TurnSource {
  // For the settings and the ranking: nobody stands in its lines.
  const local = new Turns(options);
  let { settings } = options;
  return {
    get isOn() {
      return local.isOn;
    },
    get needsModel() {
      return local.needsModel;
    },
    reconfigure(next, provider) {
      settings = next;
      local.reconfigure(next, provider);
    },
    turnOf(request, model, asker) {
      const asked = { upstream, priority: local.priorityOf(request), model };
      return new RemoteTurn({ ...ways, asked, asker, isAdaptive: () => settings?.adaptive === true });
    },
  };
}

interface RemoteTurnOptions extends Ways {
  readonly asked: TurnRequest;
  readonly asker: Asker;
  /** As configured now. */
  readonly isAdaptive: () => boolean;
}

/**
 * A turn that another process gives. That process keeps it until it is over: an adaptive cap learns from what comes of a request, which may be
 * known only after its turn was given back.
 */
class RemoteTurn implements AskedTurn {
  readonly #options: RemoteTurnOptions;
  /** Undefined before it asks, and where it need not. */
  #id: number | undefined;
  #state: 'asked' | 'ended' | 'over' = 'asked';

  constructor(options: RemoteTurnOptions) {
    this.#options = options;
  }

  enter(): void {
    const { waiting, asker, asked, tell } = this.#options;
    this.#id = waiting.add(asker);
    if (this.#id === undefined) asker.granted();
    else tell(['turn', this.#id, asked]);
  }

  get learns(): boolean {
    const { waiting, isAdaptive } = this.#options;
    return this.#id !== undefined && this.#state !== 'over' && isAdaptive() && !waiting.has(this.#id);
  }

  report(cause: string): void {
    if (this.#id !== undefined) this.#options.tell(['turn-cause', this.#id, cause]);
  }

  end(): void {
    const { waiting, isAdaptive, tell } = this.#options;
    if (this.#id === undefined || this.#state !== 'asked') return;
    if (!isAdaptive()) {
      this.settle();
      return;
    }
    waiting.delete(this.#id);
    this.#state = 'ended';
    tell(['turn-end', this.#id]);
  }

  settle(): void {
    if (this.#id === undefined || this.#state === 'over') return;
    this.#options.waiting.delete(this.#id);
    this.#state = 'over';
    this.#options.tell(['turn-over', this.#id]);
  }
}
