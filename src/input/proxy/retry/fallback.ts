import type { AttemptVerdict } from '../../../event/sink.ts';
import type { Route } from '../routing/route.ts';
import { type Asking, askingFor } from './model-rewrite.ts';
import type { FallbackPolicy } from './policy.ts';

/** Where a try goes. */
export interface Place {
  readonly upstream: Route;
  /** Goes behind the upstream's base path. */
  readonly path: string;
  /** Asked for instead of the client's. */
  readonly model?: string | undefined;
}

/** Where a try goes, and with what. */
export interface Destination extends Place, Asking {}

/** What a fallback is chosen by. */
export interface FallbackChoice {
  readonly fallback: FallbackPolicy;
  /** The upstream that it names; undefined where it names none, or there is none of that name. */
  readonly upstream: Route | undefined;
  readonly verdict: AttemptVerdict;
  /** What the answer itself said about trying again. */
  readonly shouldRetry: boolean | undefined;
  /** Where the failed try went. */
  readonly from: Destination;
  /** There would be a place, but the request cannot be made to ask for its model. */
  onUnwritable(): void;
}

/**
 * The other place to try after a failure; undefined where that cause has none. A cause that the policy names is one that it knows to heal
 * elsewhere, even where it cannot heal here: the credit that is used up is that of one account. With none named it takes what may heal.
 */
export function fallbackFor({
  fallback,
  upstream,
  verdict,
  shouldRetry,
  from,
  onUnwritable,
}: FallbackChoice): Destination | undefined {
  const mayHeal = verdict.retryable !== 'no' && shouldRetry !== false;
  if (fallback.causes.size === 0 ? !mayHeal : !fallback.causes.has(verdict.cause)) return undefined;
  const to = fallback.upstream === undefined ? from.upstream : upstream;
  if (to === undefined) return undefined;
  const { model } = fallback;
  const { path, body } = from;
  if (model === undefined) return to === from.upstream ? undefined : { upstream: to, path, body };
  // Another upstream asked for a model that it does not have would only fail once more.
  const asking = askingFor(from, model);
  if (asking === undefined) onUnwritable();
  return asking && { upstream: to, model, ...asking };
}
