import type { Transform } from 'node:stream';
import type { PushConfig } from '../../config/schema.ts';
import type { Log } from '../../log.ts';
import { type PushAnswer, refusal, retryLater, unauthorized, unsupportedEncoding, unsupportedType } from './answer.ts';
import { openDecoder } from './body.ts';
import { hash, parseKey } from './push-keys.ts';
import type { Cutting } from './records.ts';
import { checkToken } from './token.ts';

/** The value of a request's header, by its name in lower case. */
export type ReadHeader = (name: string) => string | undefined;

/** A request whose headers are in order. */
export interface Admitted {
  readonly cutting: Cutting;
  readonly keyHash: string | undefined;
  readonly decoder: Transform;
}

/** How bodies of a type are cut. The last two are what curl and plain senders say when they were told nothing. */
const CUTTINGS: Readonly<Record<string, Cutting>> = {
  'text/plain': 'lines',
  'application/x-ndjson': 'lines',
  'application/ndjson': 'lines',
  'application/jsonl': 'lines',
  'application/json': 'sniffed',
  '': 'sniffed',
  'application/x-www-form-urlencoded': 'sniffed',
  'application/octet-stream': 'sniffed',
};

/** Asks for the token; what comes back is why the request is refused, if it is. */
export async function authorize(
  header: ReadHeader,
  { token_file: file }: PushConfig,
  log: Log,
): Promise<PushAnswer | undefined> {
  // A configuration with neither a token nor leave to do without is refused when it is loaded.
  if (file === undefined) return undefined;
  const admission = await checkToken(file, header('authorization'));
  switch (admission) {
    case 'admitted':
      return undefined;
    case 'no_token':
      return unauthorized('a token is needed: Authorization: Bearer TOKEN', '');
    case 'wrong_token':
      return unauthorized('the token is wrong', ', error="invalid_token"');
    case 'unknown':
      log.error('push refused: the token file cannot be read, or is empty', { file });
      return retryLater('unavailable', 'the token cannot be checked now', 10_000);
    default:
      return admission satisfies never;
  }
}

/** Refuses what can be refused before a byte of the body is read. */
export function admit(header: ReadHeader, { max_body: maxBytes }: PushConfig): PushAnswer | Admitted {
  const type = header('content-type')?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const cutting = Object.hasOwn(CUTTINGS, type) ? CUTTINGS[type] : undefined;
  if (cutting === undefined) return unsupportedType(type);
  const length = Number(header('content-length') ?? 0);
  if (length > maxBytes) {
    return refusal('too_large', `the body has ${length} bytes, above the ${maxBytes} of push.max_body`);
  }
  const key = header('idempotency-key');
  const keyHash = key === undefined ? undefined : hashOfKey(key);
  if (key !== undefined && keyHash === undefined) {
    return refusal('malformed', 'Idempotency-Key must be 1 to 255 printable ASCII characters');
  }
  const encoding = header('content-encoding');
  const decoder = openDecoder(encoding);
  return decoder === undefined ? unsupportedEncoding(encoding ?? '') : { cutting, keyHash, decoder };
}

function hashOfKey(header: string): string | undefined {
  const key = parseKey(header);
  return key === undefined ? undefined : hash(key);
}
