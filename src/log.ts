import { writeSync } from 'node:fs';
import pino from 'pino';
import { systemClock } from './clock.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ['logfmt', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

type Fields = Readonly<Record<string, unknown>>;

/** Structured log lines: fixed message, values in fields. Never put a key, a prompt or a body in either. */
export interface Log {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

const STDERR = 2;

/** The only writer to stderr. `logfmt` is what Prometheus and its exporters print. */
export function createLog({
  level = 'info',
  format = 'logfmt',
  write = writeToStderr,
}: {
  readonly level?: LogLevel;
  readonly format?: LogFormat;
  readonly write?: (line: string) => void;
} = {}): Log {
  const destination = { write: format === 'json' ? write : (line: string) => write(toLogfmt(line)) };
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'msg',
      timestamp: () => `,"ts":"${new Date(systemClock.nowMs()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
    },
    destination,
  );
  const at =
    (name: LogLevel) =>
    (message: string, fields: Fields = {}) =>
      logger[name](fields, message);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** A closed stderr (EPIPE) or a full one (EAGAIN) must not stop the exporter: the line is lost, the traffic is not. */
function writeToStderr(line: string): void {
  try {
    writeSync(STDERR, line);
  } catch {
    // Nowhere is left to say it.
  }
}

/** An error in one line, its code first. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? `${String(error.code)}: ` : '';
  return `${code}${error.message}`;
}

/** One JSON line as `ts=… level=… msg=… key=value`, values quoted where they need it. */
function toLogfmt(line: string): string {
  const { ts, level, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const pairs = Object.entries({ ts, level, msg, ...fields });
  return `${pairs.map(([key, value]) => `${key}=${logfmtValue(value)}`).join(' ')}\n`;
}

function logfmtValue(value: unknown): string {
  const text = typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}
