import type { LoadSign } from './cap.ts';

/**
 * Causes by which an API says that it gets more at a time than it takes. Limits by the minute are among them, as fewer requests at a time
 * are fewer a minute. Quotas of a day, one request that is too large and a long generation are not: a lower cap heals none of
 * them. Nor are connections that fail and backends that crash, of which the load may be innocent.
 */
export const OVERLOAD_CAUSES: ReadonlySet<string> = new Set([
  'rate_limit_rpm',
  'rate_limit_tpm',
  'rate_limit_concurrency',
  'rate_limit_unspecified',
  'upstream_rate_limited',
  'surge_protection',
  'model_overloaded',
  'service_unavailable',
  'upstream_timeout',
  'gateway_overload',
  'shed_by_exporter',
]);

/** What the cause of an ended try says about the load; undefined where it says nothing (a wrong request, a client that left). */
export function loadSignOf(cause: string): LoadSign | undefined {
  if (cause === 'none') return 'well';
  return OVERLOAD_CAUSES.has(cause) ? 'overload' : undefined;
}
