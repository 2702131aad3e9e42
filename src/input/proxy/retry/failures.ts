import type { Phase } from '../../../event/request-event.ts';

/** Connections that broke before there was any answer. Of silence it is not known whether it would have ended. */
const LOST: ReadonlySet<string> = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'closed_early']);

/** What fails before there is a connection and will fail again: a forward proxy on the way has its rules, and each try needs a connection. */
const SETTLED: ReadonlySet<string> = new Set(['proxy_denied', 'out_of_descriptors']);

/** Whether a try that got no answer, for this reason and this far, may get one the next time. */
export function mayHeal(code: string, phase: Phase | undefined): boolean {
  return phase === 'connect' ? !SETTLED.has(code) : LOST.has(code);
}
