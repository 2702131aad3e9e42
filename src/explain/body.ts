import type { RequestEvent } from '../event/request-event.ts';
import {
  eventOfRecorded,
  isFramed,
  type RecordedContext,
  type RecordedExchange,
} from '../input/proxy/recorded-exchange.ts';
import { readErrorBody } from '../provider/error-body.ts';
import { type Hints, type Item, UNNAMED_PROVIDER } from './item.ts';

/** Any error status makes the proxy read a body as an error. */
const SOME_ERROR_STATUS = 500;
/** An error that came with no status of its own is judged as one that came inside an answer that began well. */
const NO_STATUS = 200;

/** Reads one body, with what the hints say of the answer around it; without a status the one that it states counts. */
export async function readBody(body: Buffer, hints: Hints, context: RecordedContext): Promise<Item> {
  const { provider = UNNAMED_PROVIDER, status, headers, durationSeconds } = hints;
  // That a body is no stream does not tell what was asked for.
  const stream = hints.stream ?? (isFramed(body) || undefined);
  const stated = status ?? (stream === true ? NO_STATUS : readErrorBody(body).status);
  const known = { provider, headers, stream, durationSeconds };
  if (stated === undefined) return { place: '', event: await judgedByBody(body, known, context), hasStatus: false };
  return { place: '', event: await eventOfRecorded({ ...known, status: stated, body }, context), hasStatus: true };
}

/** The event of an answer of which nobody knows the status: that of an error, whichever. */
export async function judgedByBody(
  body: Buffer,
  known: Omit<RecordedExchange, 'status' | 'body'>,
  context: RecordedContext,
): Promise<RequestEvent> {
  const event = await eventOfRecorded({ ...known, status: SOME_ERROR_STATUS, body }, context);
  return { ...event, code: NO_STATUS };
}
