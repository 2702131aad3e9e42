import type { Readable } from 'node:stream';
import type { Clock } from '../../clock.ts';
import type { LineConfig, LogConfig } from '../../config/schema.ts';
import type { EventSink } from '../../event/sink.ts';
import type { Log } from '../../log.ts';
import { createFileSource } from './follow.ts';
import { createLineParser } from './formats/line-parser.ts';
import { createStreamSource } from './stdin.ts';

/** Every log that is read now. */
export interface LogSources {
  /** Follows the logs of a new configuration; those that did not change are not interrupted. */
  reconfigure(logs: readonly LogConfig[]): void;
  close(): void;
}

interface Running {
  /** The configuration a source was started with, to see whether it changed. */
  readonly key: string;
  close(): void;
}

export function createLogSources({
  sink,
  clock,
  log,
}: {
  readonly sink: EventSink;
  readonly clock: Clock;
  readonly log: Log;
}): LogSources {
  const running = new Map<string, Running>();

  const start = (config: LogConfig): void => {
    const name = sourceName(config);
    const sourceSink = sink.source(name);
    const source = createFileSource({
      path: config.file,
      sink: sourceSink,
      parse: parserOf(config, clock),
      clock,
      log,
      startAt: config.start_at,
      maxLineBytes: config.max_line,
    });
    source.start();
    running.set(name, {
      key: JSON.stringify(config),
      close() {
        source.close();
        sourceSink.close();
      },
    });
  };

  const stop = (name: string): void => {
    running.get(name)?.close();
    running.delete(name);
  };

  return {
    reconfigure(logs) {
      const keys = new Map(logs.map((config) => [sourceName(config), JSON.stringify(config)]));
      for (const [name, { key }] of running) if (keys.get(name) !== key) stop(name);
      for (const config of logs) if (!running.has(sourceName(config))) start(config);
    },
    close() {
      for (const name of [...running.keys()]) stop(name);
    },
  };
}

/** Reads request lines from a stream until it ends. */
export function readStream(
  stream: Readable,
  config: LineConfig,
  { sink, clock, log }: { readonly sink: EventSink; readonly clock: Clock; readonly log: Log },
): { close(): void } {
  const source = createStreamSource({
    stream,
    sink: sink.source('stdin'),
    parse: parserOf(config, clock),
    log,
    maxLineBytes: config.max_line,
  });
  source.start();
  return source;
}

/** The source label of a log: its name, else its path. */
function sourceName({ source, file }: LogConfig): string {
  return source ?? file;
}

function parserOf(config: LineConfig, clock: Clock) {
  return createLineParser({
    provider: config.provider,
    format: config.format,
    fields: config.fields,
    durationUnit: config.duration_unit,
    timeFormat: config.time_format,
    include: config.include,
    clock,
  });
}
