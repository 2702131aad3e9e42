import { METHODS } from 'node:http';
import { refusalOfMalformed } from '../../../src/input/proxy/limits/strictness.ts';
import { parseTarget } from '../../../src/input/proxy/routing/target.ts';
import { headerValue } from '../../../src/provider/headers/parsed-headers.ts';
import type { NodeReading, NodeRequest } from './node-oracle.ts';
import type { Reading, ReadRequest } from './reading.ts';

/** How the two readings of one connection's bytes relate. */
export type Comparison =
  /** As far as ours goes node reads the same; `refused`: why ours goes no further, where node does. */
  | { readonly kind: 'same'; readonly accepted: number; readonly refused: string | undefined }
  /** Ours accepts what node refuses; `why` names the exception, undefined where there is none. */
  | {
      readonly kind: 'wider';
      readonly accepted: number;
      readonly why: string | undefined;
      readonly error: string | undefined;
    }
  /** Ours reads something else, or less without refusing the rest: the ground of smuggling. */
  | { readonly kind: 'other'; readonly what: string };

/** Why the proxy would not serve it, though it can be read; undefined where it would. */
export function refusalOf({ head }: ReadRequest): string | undefined {
  if (head.method === 'CONNECT') return 'connect_not_supported';
  const malformed = refusalOfMalformed(head);
  if (malformed !== undefined) return malformed.code;
  return parseTarget(head.url) === undefined ? 'invalid_request_target' : undefined;
}

/** Behind it nothing on the connection is a request for either. */
export function isLast(request: ReadRequest): boolean {
  return !request.head.keepAlive || refusalOf(request) !== undefined;
}

export function compare(text: string, ours: Reading, node: NodeReading): Comparison {
  const wider = (accepted: number): Comparison => {
    const before = ours.requests.slice(0, accepted);
    const request = ours.requests[accepted];
    return {
      kind: 'wider',
      accepted,
      why: exceptionFor({ text, before, request, code: node.error }),
      error: node.error,
    };
  };
  for (const [at, request] of ours.requests.entries()) {
    const refused = refusalOf(request);
    if (refused !== undefined)
      return { kind: 'same', accepted: at, refused: node.requests.length > at ? refused : undefined };
    const other = node.requests[at];
    if (other === undefined) return wider(at);
    const what = differenceOf(request, other);
    if (what !== undefined) return { kind: 'other', what };
    // Ours goes on waiting, or sees a fault in the body.
    if (request.trailers === undefined && other.trailers !== undefined) {
      if (ours.error === undefined) return { kind: 'other', what: 'node sees an end where ours sees none' };
      return { kind: 'same', accepted: at, refused: reasonOf(ours.error) };
    }
    if (request.trailers !== undefined && other.trailers === undefined) return wider(at);
  }
  const accepted = ours.requests.length;
  const last = ours.requests.at(-1);
  const goesOn = last === undefined || (last.trailers !== undefined && last.head.keepAlive);
  if (node.requests.length === accepted) return { kind: 'same', accepted, refused: undefined };
  if (!goesOn) return { kind: 'other', what: 'node goes on behind the last request' };
  if (ours.error === undefined) return { kind: 'other', what: 'node sees a request where ours sees none' };
  return { kind: 'same', accepted, refused: reasonOf(ours.error) };
}

function differenceOf({ head, body, trailers }: ReadRequest, other: NodeRequest): string | undefined {
  if (head.method !== other.method || head.url !== other.url) return 'the request line';
  if (head.httpVersion !== other.httpVersion) return 'the version';
  if (head.headers.join('\n') !== other.headers.join('\n')) return 'the headers';
  if (trailers === undefined || other.trailers === undefined)
    return body.startsWith(other.body) || other.body.startsWith(body) ? undefined : 'the body';
  if (body !== other.body) return 'the body';
  return trailers.join('\n') === other.trailers.join('\n') ? undefined : 'the trailers';
}

/** Of a chunk, as RFC 9112 section 7.1.1 has them; they are not handed on. */
const EXTENSIONS = /^(?:;[\w!#$%&'*+.^`|~-]+(?:=(?:[\w!#$%&'*+.^`|~-]+|"(?:[^"\\]|\\.)*"))?)*$/s;
const SIZE_LINE = /(?<=\n)[\da-f]+(;.*?)\r\n/gis;

interface Wider {
  readonly text: string;
  readonly before: readonly ReadRequest[];
  readonly request: ReadRequest | undefined;
  readonly code: string | undefined;
}

/** What ours takes and node does not, each by intent. */
function exceptionFor({ text, before, request, code }: Wider): string | undefined {
  if (request !== undefined && !METHODS.includes(request.head.method)) return 'a method that node does not know';
  if (code === 'HPE_INVALID_URL' && request?.head.url.startsWith('http') === true) return 'an authority that is none';
  if (before.some(({ head }) => headerValue(head.headers, 'proxy-connection') !== undefined))
    return 'a Proxy-Connection, which only node takes for Connection';
  if (before.some(({ trailers = [] }) => /^(?:proxy-)?connection$/im.test(trailers.join('\n'))))
    return 'a Connection behind a body, which only node heeds';
  if (/chunked *\t/i.test(text)) return 'a tab behind a coding';
  const isChunked = request?.head.framing.kind === 'chunked';
  if (isChunked && Array.from(text.matchAll(SIZE_LINE)).some(([, extensions = '']) => !EXTENSIONS.test(extensions)))
    return 'an extension of a chunk that is not well-formed';
  return undefined;
}

function reasonOf(error: Error): string {
  return error.message.replace(/^header .* holds/, 'a header holds');
}
