import { fieldMap } from '../../fields/field-map.ts';
import type { LogFormat } from '../log-format.ts';

/** What uvicorn's access logger writes behind the level; the reason is missing for codes that Python has no name for. */
const REQUESTS = ['$client - "$request" $status $reason', '$client - "$request" $status'];

/** The message alone, as a JSON logger carries it. */
export const UVICORN_MESSAGES = REQUESTS;

/**
 * Consoles of uvicorn and of what runs in it, vLLM among them: https://uvicorn.dev/settings/#logging. A collector may have put
 * its time before the line, vLLM puts the name of its process there, docker compose that of the container.
 */
export const UVICORN: LogFormat = {
  title: 'uvicorn, vLLM',
  layout: {
    kind: 'text',
    escape: 'none',
    templates: ['INFO:     ', '$before INFO:     '].flatMap((level) => REQUESTS.map((request) => level + request)),
  },
  mixed: true,
  fields: fieldMap({ time: ['before'], code: ['status'], path: ['request'], method: ['request'] }),
  timeIsOptional: true,
};
