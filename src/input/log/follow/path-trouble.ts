import type { Log } from '../../../log.ts';
import type { PathLook } from '../path-look.ts';

/** What logs of containers are often linked to; what was written there cannot be had from the path. */
const STREAMS: ReadonlySet<string> = new Set(['pipe', 'character device', 'socket']);

/** Tells why a path cannot be followed, each reason once, and when it is over. */
export class PathTrouble {
  readonly #path: string;
  readonly #log: Log;
  #told: string | undefined;

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  tell(trouble: string | undefined, look: PathLook): void {
    if (trouble === this.#told) return;
    this.#told = trouble;
    const path = this.#path;
    if (trouble === undefined) this.#log.info('log file can be read again', { path });
    else this.#log.warn(...describe(look, { path, code: trouble }));
  }
}

function describe(look: PathLook, fields: { path: string; code: string }): [string, Record<string, string>] {
  if (look.kind !== 'not_a_file') return ['log file cannot be read', fields];
  const isStream = STREAMS.has(look.type);
  const advice = isStream ? ': it is a stream such as /dev/stdout; log to a file, or by syslog' : '';
  return [`log file cannot be read${advice}`, { ...fields, type: look.type }];
}
