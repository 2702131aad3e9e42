import type { BuildInfo } from '../../build-info.ts';
import type { Catalogue } from '../../classify/catalogue.ts';
import type { Clock } from '../../clock.ts';
import type { Labels, NamesOf } from '../families.ts';
import type { Store } from '../store.ts';

/** What the recorder must know of the configured providers. */
export interface ProviderSettings {
  readonly gatewayTimeoutSeconds?: number | undefined;
  readonly host?: string | undefined;
  readonly models: readonly string[];
  /** Of requests that wait for their turn; absent where nobody has to. */
  readonly priorities?: readonly string[] | undefined;
}

/** The configured providers by their label values; their models are label values too. */
export type ProvidersByLabel = ReadonlyMap<string, ProviderSettings>;

/** Share of what the family may hold that is begun at 0: real traffic must always find room. */
const ZERO_SHARE = 0.25;

/**
 * Begins `llm_requests_total` at 0 for each configured model and each code and cause of the catalogue, so that even
 * the first failure is an increase. Both values of stream, because which of them a model is asked with is not known
 * before; requests from logs that do not tell (`unknown`) are begun by the birth rule.
 */
export function beginAtZero(store: Store, providers: ProvidersByLabel, { causes }: Catalogue): void {
  const pairs = Object.values(causes).flatMap(({ id, codes }) =>
    codes.map((code) => ({ code: String(code), cause: id })),
  );
  let room = ZERO_SHARE * store.seriesLimit;
  for (const [provider, { models }] of providers) {
    for (const model of models) {
      room -= 2 * pairs.length;
      if (room < 0) return;
      for (const pair of pairs) {
        for (const stream of ['false', 'true'])
          store.add('llm_requests_total', { provider, model, stream, ...pair }, 0);
      }
    }
  }
}

/** Sets the constant series that describe causes and providers; those of a former configuration vanish. */
export function exposeInfo(store: Store, providers: ProvidersByLabel, { causes }: Catalogue): void {
  clear(store, 'llm_cause_info');
  clear(store, 'llm_provider_info');
  clear(store, 'llm_provider_gateway_timeout_seconds');
  for (const { id, origin, owner, retryable } of Object.values(causes)) {
    store.set('llm_cause_info', { cause: id, origin, owner, retryable }, 1);
  }
  for (const [provider, { host, gatewayTimeoutSeconds }] of providers) {
    store.set('llm_provider_info', { provider, host: host ?? '' }, 1);
    if (gatewayTimeoutSeconds === undefined) continue;
    store.set('llm_provider_gateway_timeout_seconds', { provider }, gatewayTimeoutSeconds);
  }
}

/** Sets `llm_exporter_build_info`. */
export function exposeBuild(store: Store, { version, revision, nodeVersion }: BuildInfo): void {
  store.set('llm_exporter_build_info', { version, revision, node_version: nodeVersion }, 1);
}

/** Sets what a load of the configuration came to; the time of the last good one stays when one is refused. */
export function exposeReload(store: Store, clock: Clock, success: boolean): void {
  store.set('llm_exporter_config_last_reload_successful', {}, success ? 1 : 0);
  if (!success) return;
  store.set('llm_exporter_config_last_reload_success_timestamp_seconds', {}, clock.nowMs() / 1000);
}

function clear<N extends NamesOf<'gauge'>>(store: Store, name: N): void {
  for (const { labels } of store.samples<N>(name)) store.remove(name, labels satisfies Labels<N>);
}
