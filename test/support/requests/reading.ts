import type { RequestHead } from '../../../src/input/proxy/http/request-head.ts';
import { RequestParser } from '../../../src/input/proxy/http/request-parser.ts';

/** One request as the proxy's parser read it. Text is Latin-1. */
export interface ReadRequest {
  readonly head: RequestHead;
  body: string;
  /** Undefined: its end has not come. */
  trailers: readonly string[] | undefined;
}

/** What the parser made of all that a connection brought. */
export interface Reading {
  readonly requests: readonly ReadRequest[];
  readonly error: Error | undefined;
  readonly isInHead: boolean;
}

/** More than any head of a test has. */
const MAX_HEAD_BYTES = 64 * 1024;

/** Reads request after request from pieces as they would come on a connection; `isLast` ends it behind one, as its answer would. */
export function readRequests(
  pieces: readonly Buffer[],
  { maxHeadBytes = MAX_HEAD_BYTES, isLast = () => false }: ReadOptions = {},
): Reading {
  const requests: ReadRequest[] = [];
  const last = (): ReadRequest => {
    const request = requests.at(-1);
    if (request === undefined) throw new Error('a body comes before its head');
    return request;
  };
  const parser = new RequestParser(
    {
      head: (head) => requests.push({ head, body: '', trailers: undefined }),
      data: (chunk) => {
        last().body += chunk.toString('latin1');
      },
      end: (trailers) => {
        last().trailers = trailers;
      },
    },
    maxHeadBytes,
  );
  const isOver = (): boolean => requests.some((request) => request.trailers !== undefined && isLast(request));
  let error: Error | undefined;
  try {
    for (const piece of pieces) for (let rest = piece; rest.length > 0 && !isOver(); ) rest = parser.push(rest);
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw thrown;
    error = thrown;
  }
  return { requests, error, isInHead: parser.isInHead };
}

interface ReadOptions {
  readonly maxHeadBytes?: number;
  readonly isLast?: (request: ReadRequest) => boolean;
}

/** Latin-1 text as bytes, cut behind each of `sizes`; none of the pieces is empty. */
export function cut(text: string, sizes: readonly number[] = []): Buffer[] {
  const bytes = Buffer.from(text, 'latin1');
  const pieces: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return [...pieces, bytes.subarray(at)].filter((piece) => piece.length > 0);
}

/** Each byte on its own. */
export function byteByByte(text: string): Buffer[] {
  return cut(text, new Array(text.length).fill(1));
}
