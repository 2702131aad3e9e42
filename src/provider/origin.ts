import type { ErrorFacts, Origin } from '../event/request-event.ts';
import { type Headers, headerValue } from './headers/parsed-headers.ts';

/** A header that tells the API's own answer from one that something before it made. */
interface Sign {
  readonly header: string;
  readonly value?: RegExp;
  readonly origin: Origin;
}

/**
 * The first that holds decides. Headers that a gateway puts on every answer (`cf-ray`, `via`, `server: cloudflare`,
 * `x-portkey-trace-id`) tell nothing and are not here.
 */
const SIGNS: readonly Sign[] = [
  // Kong says how long the upstream took, or, where it answered itself, how long it took itself:
  // https://developer.konghq.com/gateway/configuration/#headers
  { header: 'x-kong-upstream-latency', origin: 'provider' },
  { header: 'x-kong-response-latency', origin: 'edge' },
  // https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter
  { header: 'x-envoy-ratelimited', origin: 'edge' },
  { header: 'x-envoy-overloaded', origin: 'edge' },
  { header: 'x-envoy-upstream-service-time', origin: 'provider' },
  { header: 'server', value: /^(?:istio-)?envoy$/i, origin: 'edge' },
  // https://developers.cloudflare.com/cloudflare-challenges/challenge-types/challenge-pages/detect-response/
  { header: 'cf-mitigated', origin: 'edge' },
  { header: 'x-portkey-gateway-exception', value: /^true$/i, origin: 'edge' },
  // LiteLLM hands on the headers of the provider that answered under this prefix; its own refusals have none.
  { header: 'llm_provider-content-type', origin: 'provider' },
  // Load balancers and CDNs that leave the server's own name on what it answered.
  { header: 'server', value: /^(?:awselb|kong|akamaighost|cloudfront|varnish|apisix)\b/i, origin: 'edge' },
];

/** Who made an answer as far as its headers tell; undefined where they do not. */
export function originFromHeaders(headers: Headers | undefined): Origin | undefined {
  return SIGNS.find(({ header, value }) => {
    const found = headerValue(headers, header);
    return found !== undefined && (value === undefined || value.test(found.trim()));
  })?.origin;
}

/** nginx and its kin answer these in the name of an upstream that did not. */
const GATEWAY_STATUSES: ReadonlySet<number> = new Set([502, 503, 504]);
/** Cloudflare's own: https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/ */
const CDN_STATUS_FROM = 520;
const CDN_STATUS_TO = 530;
/** Anthropic's "overloaded" lies among them. */
const OVERLOADED = 529;

/**
 * Who made a failed answer. LLM APIs answer in JSON; a page of HTML comes from something before them, and so does a
 * gateway's status with bare words or with nothing. `marked` is what the headers tell.
 */
export function originOfAnswer(status: number, { shape }: ErrorFacts, marked: Origin | undefined): Origin {
  if (shape === 'html') return 'edge';
  if (status >= CDN_STATUS_FROM && status <= CDN_STATUS_TO && status !== OVERLOADED) return 'edge';
  if (marked !== undefined) return marked;
  return GATEWAY_STATUSES.has(status) && (shape === 'text' || shape === 'empty') ? 'edge' : 'provider';
}
