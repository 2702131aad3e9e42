import type { Readable } from 'node:stream';
import type { Clock } from '../../clock.ts';
import type { LineConfig, LogConfig } from '../../config/schema.ts';
import type { EventSink, SourceSink } from '../../event/sink.ts';
import type { Log } from '../../log.ts';
import { Follower } from './follower.ts';
import { createLineParser } from './formats/line-parser.ts';
import type { IntakeOptions } from './intake.ts';
import { createStreamSource } from './stdin.ts';
import { createTurns, type Turns } from './turns.ts';

/** Every log that is read now. */
export interface LogSources {
  /**
   * Follows the logs of a new configuration. A path that is followed already is read on where it is, whatever else changed of it:
   * to start it again would count its lines twice or pass over those not read yet.
   */
  reconfigure(logs: readonly LogConfig[]): void;
  close(): void;
}

export interface LogSourcesOptions {
  readonly sink: EventSink;
  readonly clock: Clock;
  readonly log: Log;
  readonly turns?: Turns | undefined;
}

/** A path that is followed, and under which name. */
interface Followed {
  readonly path: string;
  name: string;
  sink: SourceSink;
  readonly follower: Follower;
  /** Gives up its turns. */
  readonly leave: () => void;
}

export function createLogSources({ sink, clock, log, turns = createTurns({ clock }) }: LogSourcesOptions): LogSources {
  let followed: readonly Followed[] = [];

  function start(config: LogConfig): Followed {
    const name = sourceName(config);
    const sourceSink = sink.source(name);
    const intake = intakeOf(config, sourceSink, clock);
    const follower = new Follower({ ...intake, path: config.file, startAt: config.start_at, clock, log });
    follower.open();
    const leave = turns.join(() => follower.poll().more);
    return { path: config.file, name, sink: sourceSink, follower, leave };
  }

  function readOn(source: Followed, config: LogConfig): Followed {
    const former = source.sink;
    const name = sourceName(config);
    if (name !== source.name) {
      source.name = name;
      source.sink = sink.source(name);
    }
    source.follower.reconfigure(intakeOf(config, source.sink, clock));
    if (former !== source.sink) former.close();
    return source;
  }

  return {
    reconfigure(logs) {
      const wanted = withoutRepeats(logs);
      const kept = pairUp(followed, wanted);
      const keptSources = new Set(kept.values());
      for (const source of followed) if (!keptSources.has(source)) stop(source);
      followed = wanted.map((config) => {
        const source = kept.get(config);
        return source === undefined ? start(config) : readOn(source, config);
      });
    },
    close() {
      for (const source of followed) stop(source);
      followed = [];
    },
  };
}

function stop({ leave, follower, sink }: Followed): void {
  leave();
  follower.close();
  sink.close();
}

/** Finds for each log the source that reads its path already: one of its own name if there is one, else a renamed one. */
function pairUp(followed: readonly Followed[], wanted: readonly LogConfig[]): Map<LogConfig, Followed> {
  const pairs = new Map<LogConfig, Followed>();
  const free = new Set(followed);
  const pair = (fits: (source: Followed, config: LogConfig) => boolean) => {
    for (const config of wanted) {
      const found = pairs.has(config) ? undefined : [...free].find((source) => fits(source, config));
      if (found === undefined) continue;
      pairs.set(config, found);
      free.delete(found);
    }
  };
  pair(({ path, name }, config) => path === config.file && name === sourceName(config));
  pair(({ path }, config) => path === config.file);
  return pairs;
}

/** A source label belongs to one log: the first that asks for it. */
function withoutRepeats(logs: readonly LogConfig[]): readonly LogConfig[] {
  const names = logs.map(sourceName);
  return logs.filter((config, index) => names.indexOf(sourceName(config)) === index);
}

/** Reads request lines from a stream until it ends. */
export function readStream(
  stream: Readable,
  config: LineConfig,
  { sink, clock, log }: { readonly sink: EventSink; readonly clock: Clock; readonly log: Log },
): { close(): void } {
  const source = createStreamSource({ ...intakeOf(config, sink.source('stdin'), clock), stream, log });
  source.start();
  return source;
}

/** The source label of a log: its name, else its path. */
function sourceName({ source, file }: LogConfig): string {
  return source ?? file;
}

function intakeOf(config: LineConfig, sink: SourceSink, clock: Clock): IntakeOptions {
  const parse = createLineParser({
    provider: config.provider,
    format: config.format,
    fields: config.fields,
    durationUnit: config.duration_unit,
    timeFormat: config.time_format,
    include: config.include,
    clock,
  });
  return { sink, parse, maxLineBytes: config.max_line };
}
