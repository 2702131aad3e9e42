import type { Clock } from '../../../clock.ts';
import { upstreamsOf } from '../../../config/providers.ts';
import type { ProxyConfig } from '../../../config/schema.ts';
import type { ProxySink } from '../../../event/sink.ts';
import type { Log } from '../../../log.ts';
import type { Guard } from '../tap/guard.ts';
import { throttleSettingsOf } from '../turn/settings.ts';
import type { Turn } from '../turn/turn.ts';
import { Turns } from '../turn/turns.ts';
import type { ToMain, ToWorker, TurnRequest } from './messages.ts';

/** The turns that one worker has or waits for. */
export interface TurnBook {
  /** Whether the message was about a turn. */
  take(message: ToMain): boolean;
  /** The worker is gone: others get its turns. */
  close(): void;
}

export interface TurnDesk {
  reconfigure(proxy: ProxyConfig): void;
  /** For one worker, which hears of its turns by `answer`. */
  open(answer: (message: ToWorker) => void): TurnBook;
}

/**
 * Gives the turns of all workers. They cannot be divided: of a cap of 10 a client whose connections all lead to one of two workers would get 5
 * while the others stand idle, a cap of 1 would leave a worker none, and a high priority in one would not go before a low one in the other.
 * What it costs is a message each way, some 0.1 ms, and only for upstreams that have a cap.
 */
export function createTurnDesk(options: {
  readonly config: ProxyConfig;
  readonly sink: ProxySink;
  readonly clock: Clock;
  readonly guard: Guard;
  readonly log: Log;
}): TurnDesk {
  let byUpstream: ReadonlyMap<string, Turns> = new Map();

  function reconfigure(config: ProxyConfig): void {
    const before = byUpstream;
    byUpstream = new Map(
      upstreamsOf(config).map((upstream) => {
        const { name, provider } = upstream;
        const settings = throttleSettingsOf(upstream);
        const known = before.get(name);
        known?.reconfigure(settings, provider);
        return [name, known ?? new Turns({ ...options, provider, settings })];
      }),
    );
  }

  reconfigure(options.config);
  return { reconfigure, open: (answer) => openBook((upstream) => byUpstream.get(upstream), answer) };
}

function openBook(turnsOf: (upstream: string) => Turns | undefined, answer: (message: ToWorker) => void): TurnBook {
  const book = new Map<number, Turn>();

  function ask(id: number, { upstream, priority, model }: TurnRequest): void {
    const turns = turnsOf(upstream);
    const granted = (): void => answer(['granted', id]);
    if (turns?.isOn !== true) {
      // It has gone, or lost its cap, with a reload that the worker has yet to hear of.
      granted();
      return;
    }
    const turn = turns.turnFor(priority, model, { granted, shed: (reason) => answer(['shed', id, reason]) });
    book.set(id, turn);
    turn.enter();
  }

  return {
    take(message) {
      switch (message[0]) {
        case 'turn':
          ask(message[1], message[2]);
          return true;
        case 'turn-cause':
          book.get(message[1])?.report(message[2]);
          return true;
        case 'turn-end':
          book.get(message[1])?.end();
          return true;
        case 'turn-over':
          book.get(message[1])?.end();
          book.delete(message[1]);
          return true;
        default:
          return false;
      }
    },
    close() {
      for (const turn of book.values()) turn.end();
      book.clear();
    },
  };
}
