import type { Catalogue } from '../../classify/catalogue.ts';
import type { Cause } from '../../classify/causes.ts';
import type { ProxyConfig } from '../schema.ts';
import { placedUpstreams } from './placed.ts';
import { RETRIABLE_STATUSES } from './schema-proxy.ts';

/**
 * Causes that a fallback names and that hardly come with anything that is tried again. It is no more than advice: `codes` is what a cause was
 * seen with so far, and many rules go by the words of an answer, whatever its status.
 */
export function idleFallbackCauses(proxy: ProxyConfig, catalogue: Catalogue): { setting: string; message: string }[] {
  return placedUpstreams(proxy).flatMap(({ upstream: { retries }, path }) => {
    const idle = retries?.fallback?.causes.filter((cause) => !mayComeWith(cause, retries.statuses, catalogue)) ?? [];
    return idle.map((cause) => ({
      setting: [...path, 'retries', 'fallback', 'causes'].join('.'),
      message: messageOf(cause, retries?.statuses ?? [], catalogue.causes[cause].codes),
    }));
  });
}

function messageOf(cause: Cause, statuses: readonly number[], codes: readonly number[]): string {
  const addable = RETRIABLE_STATUSES.filter((status) => codes.includes(status));
  const what = addable.length > 0 ? `add ${addable.join(', ')} to retries.statuses` : 'no retry can be made after that';
  return `${cause} comes with ${codes.join(', ')}, as far as is known, and retries.statuses is ${statuses.join(', ')}: the fallback is hardly ever taken for it; ${what}`;
}

/** Whether the cause was seen with one of the statuses, or a rule leads from one to it; of rules that name none, only the user's own count. */
function mayComeWith(cause: Cause, statuses: readonly number[], { causes, rules }: Catalogue): boolean {
  const isTried = (codes: readonly number[]): boolean => codes.some((code) => statuses.includes(code));
  // What no rule knows may come with anything.
  if (cause === 'unclassified' || isTried(causes[cause].codes)) return true;
  return rules.some(({ cause: found, basis, match: { status, origin, phase } }) => {
    if (found !== cause) return false;
    // A connection that fails is tried again whatever the statuses; one that breaks in the middle of a stream is not.
    if (origin?.includes('network') === true) return phase?.every((each) => each === 'stream') !== true;
    return status === undefined ? basis === 'user' : isTried(status);
  });
}
