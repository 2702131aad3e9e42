import type { Readable } from 'node:stream';
import type { Clock } from '../../clock.ts';
import type { LineConfig, LogConfig } from '../../config/schema.ts';
import type { EventSink, SourceSink } from '../../event/sink.ts';
import type { Log } from '../../log.ts';
import { configuredParser } from '../configured-parser.ts';
import type { IntakeOptions } from './intake.ts';
import { LogGroup } from './log-group.ts';
import { mountPlaces } from './mounts.ts';
import { Positions, type SavedPositions } from './positions/positions.ts';
import { READ_BYTES, scanSpace } from './scan/space.ts';
import { createStreamSource } from './stdin.ts';
import { createTurns, type Place, type Turns } from './turns.ts';

/** Every log that is read now. */
export interface LogSources {
  /**
   * Follows the logs of a new configuration. A log whose `file` is followed already is read on where it is, whatever else changed of it:
   * to start it again would count its lines twice or pass over those not read yet. One that is put back goes on where it was when it went.
   */
  reconfigure(logs: readonly LogConfig[]): void;
  /** How far each file was read, as of this tick: what was counted, and nothing else. To be handed in again as `saved`. */
  save(): SavedPositions;
  close(): void;
}

export interface LogSourcesOptions {
  readonly sink: EventSink;
  readonly clock: Clock;
  readonly log: Log;
  readonly turns?: Turns | undefined;
  /** What `save` gave in an earlier run; anything else is taken for nothing. */
  readonly saved?: unknown;
  /** What `/proc/self/mountinfo` says; read there unless given. */
  readonly mountInfo?: string | undefined;
}

/** A log that is followed, and under which name. */
interface Followed {
  name: string;
  sink: SourceSink;
  readonly group: LogGroup;
  readonly place: Place;
}

export function createLogSources(options: LogSourcesOptions): LogSources {
  const { sink, clock, log, turns = createTurns({ clock }) } = options;
  const positions = new Positions(options);
  // Lines are scanned where they are read to, if they can be.
  const buffer = scanSpace()?.read ?? Buffer.allocUnsafe(READ_BYTES);
  const mounts = mountPlaces(options.mountInfo);
  // By `file`, as it is configured.
  const followed = new Map<string, Followed>();

  function start(config: LogConfig): Followed {
    const name = sourceName(config);
    const sourceSink = sink.source(name);
    const group = new LogGroup({
      ...{ file: config.file, startAt: config.start_at, intake: intakeOf(config, sourceSink, clock) },
      ...{ positions: positions.log(config.file), clock, log, buffer, mounts, wake: () => place.wake() },
    });
    group.open();
    const place = turns.join(() => group.step().more);
    return { name, sink: sourceSink, group, place };
  }

  function readOn(source: Followed, config: LogConfig): void {
    const former = source.sink;
    const name = sourceName(config);
    if (name !== source.name) {
      source.name = name;
      source.sink = sink.source(name);
    }
    source.group.reconfigure(intakeOf(config, source.sink, clock));
    if (former !== source.sink) former.close();
  }

  function stop(file: string, { place, group, sink }: Followed): void {
    place.leave();
    group.close();
    sink.close();
    followed.delete(file);
  }

  return {
    reconfigure(logs) {
      const wanted = withoutRepeats(logs, log);
      const files = new Set(wanted.map(({ file }) => file));
      for (const [file, source] of followed) if (!files.has(file)) stop(file, source);
      for (const config of wanted) {
        const source = followed.get(config.file);
        if (source === undefined) followed.set(config.file, start(config));
        else readOn(source, config);
      }
    },
    save: () => positions.save(),
    close() {
      for (const [file, source] of followed) stop(file, source);
    },
  };
}

/** A source label belongs to one log, and a file is counted once: the first that asks for either has it. */
function withoutRepeats(logs: readonly LogConfig[], log: Log): readonly LogConfig[] {
  const names = new Set<string>();
  const files = new Set<string>();
  return logs.filter((config) => {
    const isRepeat = names.has(sourceName(config)) || files.has(config.file);
    if (isRepeat)
      log.warn('log is configured twice, by its file or its source: only the first is read', { file: config.file });
    names.add(sourceName(config));
    files.add(config.file);
    return !isRepeat;
  });
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
  return { sink, parserFor: () => configuredParser(config, clock, sink), maxLineBytes: config.max_line };
}
