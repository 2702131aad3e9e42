import type { Clock } from '../../../clock.ts';
import { readErrorBody, readStreamError } from '../../../provider/error-body.ts';
import { type Headers, headerValue } from '../../../provider/headers/parsed-headers.ts';
import { findUsage } from '../../../provider/usage.ts';
import { type BoundedCopy, createBoundedCopy } from './bounded-copy.ts';
import { contentCoding, decodeCopy } from './decode.ts';
import type { Guard } from './guard.ts';
import { createStreamTap, type ResponseFacts, type ResponseTap } from './stream-tap.ts';

/** Error bodies are short; a page of HTML longer than this says nothing more. */
const MAX_ERROR_BYTES = 64 * 1024;
/** Of a long answer the usage is at the start or, mostly, at the end. */
const MAX_END_BYTES = 16 * 1024;

/** The tap for an answer of this status and these headers. */
export function createResponseTap({
  status,
  headers,
  clock,
  guard,
}: {
  readonly status: number;
  readonly headers: Headers;
  readonly clock: Clock;
  readonly guard: Guard;
}): ResponseTap {
  const type = headerValue(headers, 'content-type')?.toLowerCase();
  const coding = contentCoding(headerValue(headers, 'content-encoding'));
  if (status >= 400) return createErrorTap(type, coding, guard);
  if (type === undefined) return NO_TAP;
  if (type.startsWith('text/event-stream')) return createStreamTap(coding, clock, guard);
  if (/^application\/(?:[\w.+-]+\+)?json/.test(type)) return createJsonTap(coding, guard);
  return NO_TAP;
}

/** Audio, images, files: passed on unseen. */
const NO_TAP: ResponseTap = { push: () => undefined, finish: (done) => done({}), isComplete: () => false };

function createErrorTap(contentType: string | undefined, coding: string, guard: Guard): ResponseTap {
  const hints = contentType === undefined ? {} : { contentType };
  const copy = createBoundedCopy(MAX_ERROR_BYTES / 2);
  return copyTap(copy, coding, (text) =>
    guard<ResponseFacts>('error_body', {}, () => ({ error: readErrorBody(text, hints) })),
  );
}

function createJsonTap(coding: string, guard: Guard): ResponseTap {
  const copy = createBoundedCopy(coding === '' ? MAX_END_BYTES : MAX_ERROR_BYTES);
  return copyTap(copy, coding, (text) =>
    guard<ResponseFacts>('answer_body', {}, () => ({
      tokens: findUsage(text),
      // A 200 that is an error all the same looks like the frame of a stream that is one.
      error: copy.isWhole() ? readStreamError(text) : undefined,
    })),
  );
}

function copyTap(copy: BoundedCopy, coding: string, read: (text: string) => ResponseFacts): ResponseTap {
  return {
    push: (chunk) => copy.push(chunk),
    finish(done) {
      // A coded body with a hole in it cannot be unpacked past the hole, and what follows would be noise.
      if (coding !== '' && !copy.isWhole()) done({});
      else decodeCopy(copy.bytes(), coding, (text) => done(text === undefined ? {} : read(text)));
    },
    isComplete: () => false,
  };
}
