import type { RankedRequest } from '../turn/priority.ts';
import type { ShedReason } from '../turn/shed.ts';
import type { Asker } from '../turn/turn.ts';
import { type AskedTurn, type ThrottleSettings, type TurnSource, Turns, type TurnsOptions } from '../turn/turns.ts';
import type { ToMain } from './messages.ts';

/** The turns of a worker, which the main process gives. */
export interface RemoteTurns {
  /** Those of one upstream, by its name. */
  source(upstream: string, options: TurnsOptions): TurnSource;
  granted(turn: number): void;
  shed(turn: number, reason: ShedReason): void;
  /** Nobody gives turns any more: whoever waits may go, and so may all that come. */
  release(): void;
}

/** Asks by `tell`. What a request ranks as is found here, where its headers are. */
export function createRemoteTurns(tell: (message: ToMain) => void): RemoteTurns {
  const waiting = new Map<number, Asker>();
  let lastId = 0;
  let isReleased = false;

  function take(id: number): Asker | undefined {
    const asker = waiting.get(id);
    waiting.delete(id);
    return asker;
  }

  function ask({ upstream, priority, model, asker, isAdaptive }: Question): AskedTurn {
    lastId += 1;
    const id = lastId;
    let state: 'begins' | 'asked' | 'ended' | 'over' = 'begins';
    const over = (): void => {
      if (state !== 'begins' && state !== 'over') tell(['turn-over', id]);
      state = 'over';
    };
    return {
      enter() {
        if (isReleased) {
          asker.granted();
          return;
        }
        state = 'asked';
        waiting.set(id, asker);
        tell(['turn', id, { upstream, priority, model }]);
      },
      get learns() {
        return isAdaptive() && state !== 'begins' && state !== 'over' && !waiting.has(id);
      },
      report: (cause) => tell(['turn-cause', id, cause]),
      end() {
        waiting.delete(id);
        if (!isAdaptive()) over();
        else if (state === 'asked') {
          state = 'ended';
          tell(['turn-end', id]);
        }
      },
      settle: over,
    };
  }

  return {
    source(upstream, options) {
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
        reconfigure(next: ThrottleSettings | undefined, provider) {
          settings = next;
          local.reconfigure(next, provider);
        },
        turnOf(request: RankedRequest, model, asker) {
          const priority = local.priorityOf(request);
          return ask({ upstream, priority, model, asker, isAdaptive: () => settings?.adaptive === true });
        },
      };
    },
    granted: (id) => take(id)?.granted(),
    shed: (id, reason) => take(id)?.shed(reason),
    release() {
      isReleased = true;
      for (const id of [...waiting.keys()]) take(id)?.granted();
    },
  };
}

interface Question {
  readonly upstream: string;
  readonly priority: string;
  readonly model: string | undefined;
  readonly asker: Asker;
  /** As configured now. */
  readonly isAdaptive: () => boolean;
}
