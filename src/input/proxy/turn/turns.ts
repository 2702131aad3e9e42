import type { Clock } from '../../../clock.ts';
import { readPriorityKeys } from '../../../config/proxy/priority-keys.ts';
import type { EventSink, QueuedRequest } from '../../../event/sink.ts';
import type { Log } from '../../../log.ts';
import type { Guard } from '../tap/guard.ts';
import { createKeySet, type KeySet } from './key-set.ts';
import { Line, type LineSettings } from './line.ts';
import { createRanking, type Priority, type RankedRequest, type Ranking } from './priority.ts';
import { type Asker, Turn } from './turn.ts';

/** How requests to one upstream are held back. Plain data. */
export interface ThrottleSettings extends LineSettings {
  /** What has a cap and a queue of its own: the upstream, or each model of it. */
  readonly per: 'upstream' | 'model';
  readonly queueTimeoutMs: number;
  /** Highest first. */
  readonly priorities: readonly Priority[];
}

export interface TurnsOptions {
  /** Value of the provider label. */
  readonly provider: string;
  /** Undefined: nothing is held back. */
  readonly settings: ThrottleSettings | undefined;
  readonly sink: Pick<EventSink, 'queue'>;
  readonly clock: Clock;
  readonly guard: Guard;
  readonly log: Log;
}

/** Lines that are kept. Clients write the names of models: past it, what is new shares a line until one falls idle. */
const MAX_LINES = 256;
/** A longer name is no model's. */
const MAX_NAME_LENGTH = 256;
/** The line of requests whose model is not known when they ask, and of those for which there is no line of their own. */
const SHARED = '';

/** Where requests ask for their turns: `Turns`, or what stands in for those that another process gives. */
export interface TurnSource extends Pick<Turns, 'isOn' | 'needsModel' | 'reconfigure'> {
  /** The turn of a request, to be entered at once. `model` is what it is known to name by now. */
  turnOf(request: RankedRequest, model: string | undefined, asker: Asker): AskedTurn;
}

export interface AskedTurn extends Pick<Turn, 'enter' | 'end' | 'learns' | 'report'> {
  /** It is given back and nothing is reported any more; for whom it matters. */
  settle?(): void;
}

const UNCOUNTED: QueuedRequest = { admitted() {}, rejected() {}, left() {} };

/** The turns of one upstream: who may go, and who waits in which line. */
export class Turns implements TurnSource {
  readonly #options: TurnsOptions;
  /** Least recently used first. */
  #lines = new Map<string, Line<Turn>>();
  /** Those who wait or are under way, the oldest first. */
  readonly #turns = new Set<Turn>();
  /** By their files. */
  readonly #keys = new Map<string, KeySet>();
  #provider: string;
  #settings: ThrottleSettings | undefined;
  #ranking: Ranking;

  constructor(options: TurnsOptions) {
    this.#options = options;
    this.#provider = options.provider;
    this.#settings = options.settings;
    this.#ranking = this.#rank(options.settings);
  }

  /** Whether requests must ask; those that need not are not counted either. */
  get isOn(): boolean {
    return this.#settings !== undefined;
  }

  /** Whether it matters which model a request names. */
  get needsModel(): boolean {
    return this.#settings?.per === 'model';
  }

  turnOf(request: RankedRequest, model: string | undefined, asker: Asker): Turn {
    return this.turnFor(this.priorityOf(request), model, asker);
  }

  priorityOf(request: RankedRequest): string {
    return this.#ranking.priorityOf(request);
  }

  /** The turn of a request of this priority. */
  turnFor(priority: string, model: string | undefined, asker: Asker): Turn {
    const { clock, guard, sink } = this.#options;
    const turn = new Turn(this.#lineOf(model), {
      ...{ priority, model, asker, clock },
      wait: guard('queue', UNCOUNTED, () => sink.queue({ provider: this.#provider, priority })),
      timeoutMs: this.#settings?.queueTimeoutMs ?? 0,
      ranking: () => this.#ranking,
      onOver: () => this.#turns.delete(turn),
    });
    this.#turns.add(turn);
    return turn;
  }

  /** Changed caps hold at once, and key files are read anew. Nobody loses a place, and waits that have begun end when they would have. */
  reconfigure(settings: ThrottleSettings | undefined, provider = this.#provider): void {
    const isRegrouped = settings?.per !== this.#settings?.per;
    this.#provider = provider;
    this.#settings = settings;
    this.#ranking = this.#rank(settings);
    if (isRegrouped) this.#regroup();
    else for (const line of this.#lines.values()) line.reconfigure(this.#lineSettings);
  }

  /** How each line stands, by the model's name. */
  lines(): ReadonlyMap<string, Pick<Line<Turn>, 'cap' | 'inFlight'>> {
    return this.#lines;
  }

  #rank(settings: ThrottleSettings | undefined): Ranking {
    return createRanking(settings?.priorities ?? [], (file) => this.#keysIn(file));
  }

  /** The configuration was refused if the file was of no use then; one that has gone since leaves the keys read before in force. */
  #keysIn(file: string): KeySet {
    try {
      this.#keys.set(file, createKeySet(readPriorityKeys(file)));
    } catch (error) {
      const fault = error instanceof Error ? error.message : String(error);
      this.#options.log.error('the keys of a priority could not be read', { file, fault });
    }
    return this.#keys.get(file) ?? createKeySet([]);
  }

  get #lineSettings(): LineSettings {
    const everything = Number.POSITIVE_INFINITY;
    return this.#settings ?? { max: everything, min: everything, adaptive: false, queue: everything };
  }

  #regroup(): void {
    this.#lines = new Map();
    for (const turn of this.#turns) turn.moveTo(this.#lineOf(turn.model));
    for (const line of [...this.#lines.values()]) line.advance();
  }

  #lineOf(model: string | undefined): Line<Turn> {
    const isNamed = this.needsModel && model !== undefined && model.length <= MAX_NAME_LENGTH;
    const name = isNamed ? model : SHARED;
    const known = this.#lines.get(name);
    if (known === undefined && name !== SHARED && !this.#hasRoom()) return this.#lineOf(undefined);
    const line = known ?? new Line<Turn>(this.#lineSettings);
    this.#lines.delete(name);
    this.#lines.set(name, line);
    return line;
  }

  /** Makes room for one more line where an idle one can go; what it had learnt is lost. */
  #hasRoom(): boolean {
    if (this.#lines.size < MAX_LINES) return true;
    for (const [name, line] of this.#lines) {
      if (line.isIdle) return this.#lines.delete(name);
    }
    return false;
  }
}
