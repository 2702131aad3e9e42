import { type ErrorFacts, MAX_ERROR_MESSAGE_BYTES } from '../event/request-event.ts';

/**
 * What has been found in a body so far. Readers go from the outside in and later finds replace earlier ones, because
 * relays wrap the answer of the API that knows: the innermost code is the one that counts.
 */
export interface Findings {
  /** `reason`, `error_type` and the like: more exact than `code` wherever both are given. */
  reason: string | undefined;
  code: string | undefined;
  type: string | undefined;
  /** Google's gRPC status (`RESOURCE_EXHAUSTED`). */
  rpcStatus: string | undefined;
  /** HTTP status that the error states; the outermost, which is the answering side's own. */
  httpStatus: number | undefined;
  /** From the outside in. */
  readonly messages: string[];
}

export function newFindings(): Findings {
  return {
    reason: undefined,
    code: undefined,
    type: undefined,
    rpcStatus: undefined,
    httpStatus: undefined,
    messages: [],
  };
}

/** Longest machine name seen is 52 characters; more is text. */
const MAX_NAME_LENGTH = 80;
/** Names that only repeat that it is an error: Anthropic's outer `"type": "error"`. */
const EMPTY_NAMES = new Set(['error', 'unknown']);
/** What stands where an error would, when there is none: LiteLLM's "None", success codes. */
const NO_ERROR = new Set(['', '0', 'none', 'null', 'undefined', 'ok', 'success']);

/** Whether a text is a way to write that there is no error. */
export function namesNothing(text: string): boolean {
  // Trimming a whole prompt only to find that it is none of these would be a waste.
  return text.length <= MAX_NAME_LENGTH && NO_ERROR.has(text.trim().toLowerCase());
}

/** A machine code in `value`, or undefined: a code that only repeats an HTTP status says nothing new. */
export function machineName(value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const name = String(value).trim();
  if (name.length > MAX_NAME_LENGTH || /\s/.test(name)) return undefined;
  const isEmpty = namesNothing(name) || EMPTY_NAMES.has(name.toLowerCase());
  return isEmpty || httpStatus(name) !== undefined ? undefined : name;
}

/** An HTTP error status written as a number or as digits. */
export function httpStatus(value: unknown): number | undefined {
  const status = typeof value === 'string' && /^[45]\d\d$/.test(value) ? Number(value) : value;
  return typeof status === 'number' && Number.isInteger(status) && status >= 400 && status < 600 ? status : undefined;
}

/** The findings as facts: innermost message first, one a line, within MAX_ERROR_MESSAGE_BYTES. */
export function toFacts(findings: Findings, shape: NonNullable<ErrorFacts['shape']>): ErrorFacts {
  const { reason, code, type, rpcStatus, httpStatus: status } = findings;
  const lines = new Set(findings.messages.map(oneLine).reverse());
  lines.delete('');
  const message = lines.size > 0 ? bounded([...lines].join('\n')) : undefined;
  return { code: reason ?? code, type: type ?? rpcStatus ?? (reason && code), message, shape, status };
}

/** Texts are matched with single spaces in mind, however their JSON or HTML was broken into lines. */
function oneLine(message: string): string {
  const text = message.slice(0, MAX_ERROR_MESSAGE_BYTES).trim();
  // Most are one line already, and three searches for what never stands in one are ten times as fast as a replacement.
  return BROKEN_BY.some((space) => text.includes(space)) ? text.replace(/\s{2,}|[^\S ]/g, ' ') : text;
}

const BROKEN_BY = ['\n', '\t', '\r'];

/** Cuts at a whole character: a code point split in two decodes to U+FFFD, which is dropped. */
function bounded(text: string): string {
  if (text.length * 3 <= MAX_ERROR_MESSAGE_BYTES) return text;
  if (Buffer.byteLength(text) <= MAX_ERROR_MESSAGE_BYTES) return text;
  return Buffer.from(text)
    .toString('utf8', 0, MAX_ERROR_MESSAGE_BYTES)
    .replace(/\uFFFD{1,3}$/, '');
}
