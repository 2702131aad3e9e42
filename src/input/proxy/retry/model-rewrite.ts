import { isUtf8 } from 'node:buffer';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING: ReadonlySet<number> = new Set([0x7b, 0x5b]);
const CLOSING: ReadonlySet<number> = new Set([0x7d, 0x5d]);
const COMMA = 0x2c;
const COLON = 0x3a;

/** What of a request may name its model. */
export interface Asking {
  /** With its query. */
  readonly path: string;
  readonly body: Buffer;
}

/** The same request asking for another model, in the one place where its API reads it; undefined where it cannot be written there. */
export function askingFor({ path, body }: Asking, model: string): Asking | undefined {
  const changedPath = withModelInPath(path, model);
  if (changedPath !== undefined) return { path: changedPath, body };
  const changed = withModel(body, model);
  return changed && { path, body: changed };
}

/**
 * APIs that read the model from the path: Gemini and Vertex AI where they generate, Azure OpenAI. Not Bedrock, whose paths are signed, nor
 * Gemini's embeddings, which name the model in the body, too, and must name the same.
 */
const MODEL_IN_PATH: readonly RegExp[] = [
  /^(.*\/models\/)[^/:]+(:(?:streamG|g)enerateContent)$/,
  /^(.*?\/openai\/deployments\/)[^/]+(\/.*)$/,
];

/** The same path naming another model; undefined where it names none. */
function withModelInPath(path: string, model: string): string | undefined {
  const at = path.indexOf('?');
  const bare = at === -1 ? path : path.slice(0, at);
  const query = at === -1 ? '' : path.slice(at);
  for (const pattern of MODEL_IN_PATH) {
    const [, before, behind] = pattern.exec(bare) ?? [];
    if (before !== undefined && behind !== undefined) return before + encodeURIComponent(model) + behind + query;
  }
  return undefined;
}

/**
 * The same JSON body asking for another model: the bytes of the one top-level `model` are exchanged, and no other byte changes, as
 * writing it anew would change numbers, spaces and escapes. Undefined where there is not exactly one, or it is no string, or the body
 * is no JSON object in UTF-8 (a coded one, a form): such a body is not touched.
 */
export function withModel(body: Buffer, model: string): Buffer | undefined {
  const place = isUtf8(body) && namesModel(body) ? placeOfModel(body) : undefined;
  if (place === undefined) return undefined;
  return Buffer.concat([body.subarray(0, place.from), Buffer.from(JSON.stringify(model)), body.subarray(place.to)]);
}

function namesModel(body: Buffer): boolean {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null && 'model' in value && typeof value.model === 'string';
  } catch {
    // Not JSON, which is what was asked.
    return false;
  }
}

interface Place {
  readonly from: number;
  readonly to: number;
}

/** Where the string that is the value of the top-level key stands, if it is there once. The text is known to be valid JSON. */
function placeOfModel(body: Buffer): Place | undefined {
  let place: Place | undefined;
  let named = 0;
  let depth = 0;
  let isKey = true;
  let key: unknown;
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at] ?? 0;
    if (byte === QUOTE) {
      const to = stringEnd(body, at);
      if (depth === 1 && isKey) {
        key = JSON.parse(body.toString('utf8', at, to));
        if (key === 'model') named += 1;
      } else if (depth === 1 && key === 'model') place = { from: at, to };
      at = to - 1;
    } else if (OPENING.has(byte)) depth += 1;
    else if (CLOSING.has(byte)) depth -= 1;
    else if (depth === 1 && (byte === COMMA || byte === COLON)) isKey = byte === COMMA;
  }
  return named === 1 ? place : undefined;
}

/** Behind the closing quote of the string that opens at `start`. */
function stringEnd(body: Buffer, start: number): number {
  let at = start + 1;
  while (at < body.length && body[at] !== QUOTE) at += body[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}
