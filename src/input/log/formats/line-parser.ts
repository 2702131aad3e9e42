import type { Clock } from '../../../clock.ts';
import { readNginxLogFormat } from '../../../config/log-format/nginx-log-format.ts';
import type { LineFormat, LineWrapper } from '../../../config/schema-lines.ts';
import type { LineParser } from '../parsed-line.ts';
import { createAutoParser } from './auto-parser.ts';
import { FORMATS } from './formats.ts';
import { createKnownParser } from './known-parser.ts';
import type { LogFormat } from './log-format.ts';
import { nginxLogFormat } from './nginx-log-format.ts';
import type { KindOptions } from './reader/kind-reader.ts';
import { createUnwrapper } from './wrapper.ts';

/** Longest record that is put together of pieces unless configured; as long as the longest line. */
const DEFAULT_MAX_LINE_BYTES = 1024 * 1024;

export interface LineParserOptions extends KindOptions {
  readonly format: LineFormat;
  /** nginx's, as its operator wrote it; takes the place of a format that is `nginx` or `auto`. */
  readonly logFormat?: string | undefined;
  /** By default `auto`. */
  readonly wrapper?: LineWrapper | undefined;
  readonly maxLineBytes?: number | undefined;
  readonly clock: Pick<Clock, 'nowMs'>;
}

/**
 * Builds the reader of one log's lines. It remembers what it saw, a record that was begun among others: each file needs its own.
 */
export function createLineParser(options: LineParserOptions): LineParser {
  const { format, logFormat, wrapper = 'auto', maxLineBytes = DEFAULT_MAX_LINE_BYTES, clock } = options;
  const written = logFormat === undefined ? undefined : nginxKinds(logFormat);
  const inside = (lineClock: Pick<Clock, 'nowMs'>): LineParser => {
    const reading: KindOptions = { ...options, clock: lineClock };
    if (written !== undefined && (format === 'nginx' || format === 'auto')) return createKnownParser(written, reading);
    return format === 'auto' ? createAutoParser(FORMATS.auto, reading) : createKnownParser(FORMATS[format], reading);
  };
  return createUnwrapper({ wrapper, maxLineBytes, clock, inside });
}

/** The configuration was refused if the log_format was wrong, so the fault here is its reader's: the lines tell, not an error. */
function nginxKinds(logFormat: string): readonly LogFormat[] | undefined {
  const read = readNginxLogFormat(logFormat);
  return typeof read === 'string' ? undefined : nginxLogFormat(read);
}
