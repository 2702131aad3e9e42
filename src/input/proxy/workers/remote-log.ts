import { describeError, type Log, type LogLevel } from '../../../log.ts';
import type { ToMain } from './messages.ts';

/** The log of a worker: its lines are written by the main process, in their order among all others. */
export function createRemoteLog(tell: (message: ToMain) => void): Log {
  const at =
    (level: LogLevel): Log['info'] =>
    (message, fields = {}) =>
      tell(['log', level, message, plain(fields)]);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** JSON would leave nothing of an Error. */
function plain(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const entries = Object.entries(fields);
  return Object.fromEntries(
    entries.map(([key, value]) => [key, value instanceof Error ? describeError(value) : value]),
  );
}
