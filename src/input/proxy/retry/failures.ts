import type { Phase } from '../../../event/request-event.ts';
import type { CallError } from '../upstream/call.ts';
import { PROXY_DENIED } from '../upstream/connect-tunnel.ts';

/** Connections that broke before there was any answer. Of silence it is not known whether it would have ended. */
const LOST: ReadonlySet<string> = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'closed_early']);

/** Each try needs a connection, wherever it goes. */
const NO_CONNECTION_LEFT: CallError = 'out_of_descriptors';

/** Whether a try that got no answer, for this reason and this far, may get one the next time, here or elsewhere. */
export function mayHeal(code: string, phase: Phase | undefined): boolean {
  return phase === 'connect' ? code !== NO_CONNECTION_LEFT : LOST.has(code);
}

/** What will fail again as long as it goes the same way: a forward proxy on it has its rules. */
export function mayHealHere(code: string | undefined): boolean {
  return code !== PROXY_DENIED;
}
