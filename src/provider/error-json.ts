import { type Findings, httpStatus, machineName } from './error-findings.ts';
import { embeddedJson, scanFields } from './error-scan.ts';

const REASON_KEYS = ['error_name', 'error_type', 'reason', 'limit_source'];
const CODE_KEYS = ['status_code', 'error_code', 'code'];
const TYPE_KEYS = ['type', '__type'];
const STATUS_KEYS = ['http_status_code', 'status_code', 'statusCode', 'status', 'code'];
/** `quotaId` is prose enough (`…RequestsPerDay…`) to be read with the messages. */
const MESSAGE_KEYS = [
  'title',
  'msg',
  'error_msg',
  'status_msg',
  'error_message',
  'error_description',
  'message',
  'detail',
  'error',
  'raw',
  'quotaMetric',
  'quotaId',
];
/** Google's `"3.9s"`, and the plain seconds of Cloudflare and OpenRouter: said in words, as others say it in their message. */
const WAIT_KEYS = ['retryDelay', 'retry_after', 'retry_after_seconds'];
/** Where an error hides inside another object. Never `content`: that is what people and models said to each other. */
const WRAPPER_KEYS = [
  'response',
  'status_details',
  'base_resp',
  'choices',
  'candidates',
  'promptFeedback',
  'delta',
  'errors',
  'detail',
  'details',
  'violations',
  'error',
  'content_filter_result',
  'innererror',
  'metadata',
];
/** What a non-streaming answer or a last chunk says in place of an error; other reasons are ordinary ends. */
const FINISH_KEYS = ['finish_reason', 'finishReason', 'blockReason'];
const FINISH_REASONS =
  /^(?:content_filter|timeout|error_toxic|safety|image_safety|recitation|blocklist|prohibited_content|spii)$/i;

/** Twice what any shape seen needs, and a bound for one made to hurt. */
const MAX_DEPTH = 16;
const MAX_OBJECTS = 64;

interface Walk {
  readonly findings: Findings;
  objects: number;
}

/** Collects what a parsed error body says; anything but an object or a list says nothing. */
export function readJson(value: unknown, findings: Findings): void {
  visit({ findings, objects: 0 }, value, 0);
}

/** Collects what a text says: the JSON (or Python repr) inside it, else the text itself. */
export function readText(text: string, findings: Findings): void {
  readProse({ findings, objects: 0 }, text, 0);
}

function visit(walk: Walk, value: unknown, depth: number): void {
  walk.objects += 1;
  if (depth > MAX_DEPTH || walk.objects > MAX_OBJECTS || typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value.slice(0, MAX_OBJECTS)) visit(walk, item, depth + 1);
    return;
  }
  // A parsed JSON object: its keys are strings, its values anything.
  const fields = camelCased(value as Readonly<Record<string, unknown>>);
  readOwn(walk, fields);
  for (const key of MESSAGE_KEYS) {
    const message = fields[key];
    if (typeof message === 'string') readProse(walk, message, depth + 1);
  }
  for (const key of WAIT_KEYS) {
    const wait = fields[key];
    if (/^\d{1,9}(?:\.\d{1,12})?s?$/.test(String(wait))) walk.findings.messages.push(`retryDelay: ${wait}`);
  }
  for (const key of WRAPPER_KEYS) visit(walk, fields[key], depth + 1);
}

const LAST_CAPITAL = 'Z'.charCodeAt(0);

/** Tencent Cloud and parts of AWS and Azure start their keys with a capital: `Response.Error.Code`, `Message`. */
function camelCased(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const capitals = Object.keys(fields).filter((key) => key.charCodeAt(0) <= LAST_CAPITAL && /^[A-Z][a-z]/.test(key));
  if (capitals.length === 0) return fields;
  return {
    ...Object.fromEntries(capitals.map((key) => [key.charAt(0).toLowerCase() + key.slice(1), fields[key]])),
    ...fields,
  };
}

function readOwn({ findings }: Walk, fields: Readonly<Record<string, unknown>>): void {
  const name = (keys: readonly string[]) => {
    let found: string | undefined;
    for (const key of keys) {
      const value = fields[key];
      // xAI puts a sentence where others put a code.
      if (typeof value === 'string' && /\s/.test(value)) findings.messages.push(value);
      else found = machineName(value) ?? found;
    }
    return found;
  };
  const { status } = fields;
  const finish = FINISH_KEYS.map((key) => String(fields[key])).find((reason) => FINISH_REASONS.test(reason));
  findings.reason = name(REASON_KEYS) ?? findings.reason;
  findings.code = name(CODE_KEYS) ?? finish?.toLowerCase() ?? findings.code;
  // AWS writes `com.amazonaws.bedrock#ThrottlingException`.
  findings.type = name(TYPE_KEYS)?.replace(/^.*#/, '') ?? findings.type;
  if (typeof status === 'string' && /^[A-Z]+(?:_[A-Z]+)*$/.test(status)) findings.rpcStatus = status;
  findings.httpStatus ??= STATUS_KEYS.map((key) => httpStatus(fields[key])).find((found) => found !== undefined);
}

/** Relays put the upstream's whole body into a message, as JSON or as Python prints it. */
function readProse(walk: Walk, text: string, depth: number): void {
  walk.findings.messages.push(text);
  if (!text.includes('{')) return;
  const inner = embeddedJson(text);
  if (inner !== undefined) visit(walk, inner, depth + 1);
  else if (/\{\s*['"]\w+['"]\s*:/.test(text)) scanFields(text, walk.findings);
}
