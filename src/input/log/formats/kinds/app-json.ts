import { fieldMap } from '../../fields/field-map.ts';
import type { LogFormat } from '../log-format.ts';
import { GENERIC_JSON_FIELDS } from './json.ts';

/**
 * pino-http and Fastify (https://github.com/pinojs/pino-http, https://fastify.dev/docs/latest/Reference/Logging/). Fastify writes the path
 * on the line of the incoming request and the status on a later one.
 */
export const PINO: LogFormat = {
  title: 'pino',
  layout: { kind: 'json' },
  signs: [{ at: 'level', is: /^\d+$/ }, 'time', 'msg'],
  mixed: true,
  fields: fieldMap({
    ...GENERIC_JSON_FIELDS,
    time: ['time'],
    code: ['res.statusCode', 'res.status', 'statusCode', 'status_code', 'status'],
    path: ['req.url', 'url', 'path'],
    method: ['req.method', 'method'],
    request_id: ['reqId', 'req.id', 'requestId', 'request_id'],
    error_code: ['err.code', 'error.code'],
    error_type: ['err.type', 'error.type'],
    error_message: ['err.message', 'error.message'],
  }),
  joins: { by: 'reqId', places: ['req.url', 'req.method'] },
};

/** structlog names nothing itself but `event`, `level` and `timestamp`; the rest is what people write. */
export const STRUCTLOG: LogFormat = {
  title: 'structlog',
  layout: { kind: 'json' },
  signs: ['event', 'level', 'timestamp'],
  mixed: true,
  fields: fieldMap({
    ...GENERIC_JSON_FIELDS,
    time: ['timestamp', 'time', 'ts'],
    code: ['status_code', 'http_status', 'status', 'code'],
    error_message: ['error_message', 'error', 'exc_info', 'exception'],
  }),
};
