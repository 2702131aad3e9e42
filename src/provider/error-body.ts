import type { ErrorFacts } from '../event/request-event.ts';
import { type Findings, httpStatus, machineName, namesNothing, newFindings, toFacts } from './error-findings.ts';
import { readJson, readText } from './error-json.ts';
import { readPage } from './error-page.ts';
import { embeddedJson, parseJson, scanFields } from './error-scan.ts';

/** How much of a long body is read: its start, and its end, where a code may follow an echoed prompt. */
const HEAD_LENGTH = 8192;
const TAIL_LENGTH = 4096;

/**
 * What the body of a failed answer says about the failure, whatever its shape: JSON with or without an `error` key, JSON
 * inside a message, cut JSON, a Python repr, SSE frames, HTML, plain text or nothing. Never throws, and a body of any
 * length costs no more than one of 12 KiB.
 */
export function readErrorBody(
  body: string | Uint8Array,
  hints: { readonly contentType?: string | undefined } = {},
): ErrorFacts {
  const text = ends(body).trim();
  const findings = newFindings();
  if (text === '') return { shape: 'empty' };
  if (isPage(text, hints.contentType)) {
    readPage(text, findings);
    return toFacts(findings, 'html');
  }
  if (/^(?:event|data|id|retry|error)?:/.test(text)) return readFrames(text);
  const value = parseJson(text);
  if (value !== undefined && typeof value === 'object') readJson(value, findings);
  else if (/^[{[]\s*["'{]/.test(text)) readBrokenJson(text, findings);
  else readPlain(typeof value === 'string' ? value : text, findings);
  return toFacts(findings, /^[{["]/.test(text) ? 'json' : 'text');
}

/**
 * The error that the data of one SSE frame, or the whole JSON of an answer that says 200, carries; undefined when it is
 * an ordinary one. That costs one search: what is searched for holds quotes, which in generated text are escaped.
 */
export function readStreamError(frameData: string): ErrorFacts | undefined {
  if (!MAY_BE_ERROR.test(frameData)) return undefined;
  const value = parseJson(frameData) ?? embeddedJson(frameData);
  if (value === undefined) return CUT_ERROR.test(frameData) ? readErrorBody(frameData) : undefined;
  const frame: unknown = Array.isArray(value) ? value[0] : value;
  if (typeof frame !== 'object' || frame === null || !isErrorFrame({ ...frame })) return undefined;
  const findings = newFindings();
  readJson(frame, findings);
  return toFacts(findings, 'json');
}

/** What a frame must contain to be worth a parse; `null`, 0 and an ordinary end are how healthy ones say that there is no error. */
export const MAY_BE_ERROR =
  /"(?:error"\s*:\s*[^n\s]|code"\s*:\s*["4-9]|(?:status_|error_)code"\s*:\s*[1-9]|(?:type|object|event_type|status)"\s*:\s*"(?:\w{0,24}[_.])?(?:error|failed)"|finish_?[rR]eason"\s*:\s*"(?!(?:stop|length|tool_calls|function_call|STOP|MAX_TOKENS|COMPLETE)")|blockReason"\s*:\s*")/;

/** The start of an error that breaks off; null is none. */
const CUT_ERROR = /^\s*\{\s*"error"\s*:\s*[^n\s]/;

/** Fields by which each API family says that it has failed. */
function isErrorFrame(frame: Readonly<Record<string, unknown>>): boolean {
  const { type, error, code, message, object } = frame;
  // OpenAI chat and all like it, Anthropic, OpenRouter, Gemini: `error`, null or empty where there is none.
  if (saysSomething(error)) return true;
  // OpenAI Responses and Realtime: `response.failed`, `response.done` with a failed status.
  if (
    saysSomething(inner(frame, 'response', 'error')) ||
    saysSomething(inner(frame, 'response', 'status_details', 'error'))
  )
    return true;
  // OpenAI Responses `{"type":"error",…}`, MiniMax `{"type":"api_error",…}`, old vLLM `{"object":"error",…}`.
  if (/(?:^|_)error$|^response\.failed$/.test(String(type)) || object === 'error') return true;
  // MiniMax's own API and Qianfan number their errors; 0 is success.
  if (isNonZero(inner(frame, 'base_resp', 'status_code')) || isNonZero(frame.error_code)) return true;
  // Azure Responses and old llama.cpp send the bare error object.
  const isNamed = typeof code === 'string' ? machineName(code) !== undefined : httpStatus(code) !== undefined;
  if (typeof message === 'string' && isNamed && !('choices' in frame)) return true;
  return endsInError(frame);
}

/** Chat completions, Cohere's two APIs and Gemini put the reason of a bad end where that of a good one stands. */
function endsInError(frame: Readonly<Record<string, unknown>>): boolean {
  if (saysSomething(inner(frame, 'promptFeedback', 'blockReason'))) return true;
  const part = inner(frame, 'choices', '0') ?? inner(frame, 'candidates', '0') ?? inner(frame, 'delta') ?? frame;
  const reason = inner(part, 'finish_reason') ?? inner(part, 'finishReason');
  return saysSomething(inner(part, 'error')) || BAD_ENDS.test(String(reason));
}

/** https://docs.cohere.com/reference/chat-stream, https://ai.google.dev/api/generate-content#FinishReason */
const BAD_ENDS =
  /^(?:content_filter|error|error_toxic|timeout|safety|image_safety|recitation|blocklist|prohibited_content|spii)$/i;

function isNonZero(value: unknown): boolean {
  return typeof value === 'number' && value !== 0;
}

/**
 * Whether there is an error where one would stand. Gateways in Go write an empty struct there, and OpenAI's fine-tuning jobs one whose
 * fields are null, when nothing went wrong. Any field may be the one that speaks: their names differ too much to list them.
 */
function saysSomething(value: unknown, depth = 0): boolean {
  if (typeof value === 'string') return !namesNothing(value);
  if (typeof value === 'number') return depth > 0 && value !== 0;
  if (typeof value !== 'object' || value === null || depth > MAX_ERROR_DEPTH) return false;
  return Object.values(value).some((field) => saysSomething(field, depth + 1));
}

/** The deepest error seen says something at its second level; an error in a list is one deeper. */
const MAX_ERROR_DEPTH = 4;

function inner(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined),
    value,
  );
}

/**
 * Both ends of a body as text; whole when it is short. What makes a body long is nearly always one string, an echoed
 * prompt: with a space for what is left out of it the JSON around it stays whole, and is parsed and not searched.
 */
function ends(body: string | Uint8Array): string {
  if (body.length <= HEAD_LENGTH + TAIL_LENGTH) return decode(body);
  return `${decode(body.slice(0, HEAD_LENGTH))} ${decode(body.slice(body.length - TAIL_LENGTH))}`;
}

function decode(body: string | Uint8Array): string {
  return typeof body === 'string' ? body : new TextDecoder().decode(body);
}

function isPage(text: string, contentType = ''): boolean {
  return text.startsWith('<') && (/\bhtml\b/i.test(contentType) || /^<[!/]?[a-z][a-z0-9]*[\s>/]/i.test(text));
}

/** JSON with words after it, cut JSON, a Python repr. */
function readBrokenJson(text: string, findings: Findings): void {
  const value = embeddedJson(text);
  if (value !== undefined) readJson(value, findings);
  else scanFields(text, findings);
}

/** The first error among SSE frames; old llama.cpp names the field `error` instead of `data`. Other frames are no evidence. */
function readFrames(text: string): ErrorFacts {
  for (const [, data = ''] of text.matchAll(/^(?:data|error): ?(.*)$/gm)) {
    const error = readStreamError(data);
    if (error !== undefined) return error;
  }
  return { shape: 'text' };
}

/** `ThrottlingException: …`, `RESOURCE_EXHAUSTED: …`: SDKs and logs put the type before the message. */
const LEADING_TYPE =
  /^(?:\w{1,40}\.){0,4}([A-Z][A-Za-z]{2,60}(?:Exception|Error)|[A-Z]{3,30}(?:_[A-Z]{2,30}){1,4})\s?[:(]/;
/** A status in a place where only a status stands, never a bare number. */
const STATED_STATUS = /(?:^\W?|\bHTTP |\bstatus (?:code )?|\berror (?:code:? )?|\[)([45]\d\d)\b/i;

function readPlain(text: string, findings: Findings): void {
  findings.type = LEADING_TYPE.exec(text)?.[1];
  findings.httpStatus = httpStatus(STATED_STATUS.exec(text.slice(0, 200))?.[1]);
  readText(text, findings);
}
