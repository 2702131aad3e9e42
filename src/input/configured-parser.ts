import type { Clock } from '../clock.ts';
import type { LineConfig } from '../config/schema.ts';
import type { SourceSink } from '../event/sink.ts';
import { createLineParser } from './log/formats/line-parser.ts';
import type { LineParser, LineResult } from './log/parsed-line.ts';

/** The part of a source's sink that lines go to. */
export type LineSink = Pick<SourceSink, 'read' | 'event' | 'filtered' | 'reject'>;

/**
 * The reader of lines as the configuration describes them: the settings that every way in shares (`lineSchema`). Each file needs its own,
 * as it joins what a container runtime cut. `sink` takes what a line holds beyond its first record; each counts as a line of its own.
 */
export function configuredParser(config: LineConfig, clock: Clock, sink?: LineSink): LineParser {
  return createLineParser({
    provider: config.provider,
    format: config.format,
    logFormat: config.log_format,
    wrapper: config.wrapper,
    maxLineBytes: config.max_line,
    fields: config.fields,
    durationUnit: config.duration_unit,
    timeFormat: config.time_format,
    include: config.include,
    excludePaths: config.exclude_paths,
    clock,
    also: sink && ((result) => countRecord(result, sink)),
  });
}

function countRecord(result: LineResult, sink: LineSink): void {
  sink.read(0, 1);
  if (typeof result === 'object') sink.event(result);
  else if (result === 'filtered') sink.filtered();
  else sink.reject(result);
}
