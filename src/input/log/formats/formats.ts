import type { LineFormat } from '../../../config/schema-lines.ts';
import { ALB } from './kinds/alb.ts';
import { PINO, STRUCTLOG } from './kinds/app-json.ts';
import { ENVOY, ENVOY_JSON, ISTIO } from './kinds/envoy.ts';
import { CADDY, KONG, TRAEFIK, TRAEFIK_TEXT } from './kinds/gateways-json.ts';
import { HAPROXY } from './kinds/haproxy.ts';
import { ANY_JSON, GENERIC_JSON } from './kinds/json.ts';
import { LITELLM, LITELLM_EXCEPTION, LITELLM_REQUEST } from './kinds/litellm.ts';
import { COMBINED, COMBINED_AND_MORE, INGRESS_NGINX, NGINX_JSON } from './kinds/nginx.ts';
import { NGINX_ERROR } from './kinds/nginx-error.ts';
import { OTLP } from './kinds/otlp.ts';
import { UVICORN } from './kinds/uvicorn.ts';
import type { LogFormat } from './log-format.ts';

/**
 * Every format by its name in the configuration, each as the kinds of lines that it may have: the first that fits a line reads it.
 * `nginx` is what nginx writes when it is told nothing; with a `log_format` that string takes its place. `auto` stands in an order in
 * which each kind comes before those that would fit its lines, too, and know less of them.
 *
 * The error log is not in `auto`: beside an access log it would count each failure a second time.
 */
export const FORMATS: Readonly<Record<LineFormat, readonly LogFormat[]>> = {
  auto: [
    ...[CADDY, TRAEFIK, KONG, ENVOY_JSON, LITELLM, LITELLM_EXCEPTION, LITELLM_REQUEST, OTLP, PINO, ANY_JSON],
    ...[INGRESS_NGINX, TRAEFIK_TEXT, COMBINED, ISTIO, ENVOY, HAPROXY, ALB, UVICORN, COMBINED_AND_MORE],
  ],
  combined: [COMBINED, COMBINED_AND_MORE],
  nginx: [COMBINED, COMBINED_AND_MORE],
  'nginx-json': [NGINX_JSON],
  'nginx-error': [NGINX_ERROR],
  'ingress-nginx': [INGRESS_NGINX, NGINX_JSON],
  envoy: [ENVOY],
  istio: [ISTIO],
  'envoy-json': [ENVOY_JSON],
  haproxy: [HAPROXY],
  caddy: [CADDY],
  traefik: [TRAEFIK, TRAEFIK_TEXT],
  alb: [ALB],
  kong: [KONG],
  litellm: [LITELLM, LITELLM_EXCEPTION, LITELLM_REQUEST],
  uvicorn: [UVICORN],
  otlp: [OTLP],
  pino: [PINO],
  structlog: [STRUCTLOG],
  json: [GENERIC_JSON],
};
