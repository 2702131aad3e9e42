/** What a request says of itself; a field it does not name, or that could not be read, is undefined. */
export interface RequestFacts {
  readonly model: string | undefined;
  readonly stream: boolean | undefined;
}

/** Reads a JSON request body while it passes by; see createRequestBodyScanner. */
export interface RequestBodyScanner {
  push(chunk: Uint8Array): void;
  /** Nothing that follows matters: the object has closed, or there is none. */
  readonly isOver: boolean;
  /** `stream` is false once the whole body has been seen without the flag, as the API's default is. */
  facts(): RequestFacts;
}

/** Longest JSON text of a key or a model name that is looked at, escapes included; anything longer names nothing. */
const MAX_CAPTURED_BYTES = 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** How far a quote is looked for here; farther away a native search is faster, which costs as much to call as this many bytes here. */
const NEAR_BYTES = 64;

/**
 * A scanner for the top-level `model` and `stream` of a JSON body, in memory that does not grow with it: a body of 20 MB
 * with its model at the end is read like any other. It only follows depth and strings, so prompts are neither decoded
 * nor kept; inside a string it jumps from quote to quote. A key given twice counts as JSON.parse would count it: the last
 * wins. A body that is not a JSON object yields nothing; one that is malformed may yield something, never an error.
 */
export function createRequestBodyScanner(): RequestBodyScanner {
  return new Scanner();
}

class Scanner implements RequestBodyScanner {
  #depth = 0;
  /** The object has closed, or what came first was no object: nothing that follows matters. */
  #over = false;
  #closed = false;
  #inString = false;
  /** The last byte of the previous chunk was a backslash that escapes the first of this one. */
  #escaped = false;
  /** At depth 1: the next string is a key. */
  #atKey = false;
  #key = '';
  /** Text of the string under way, one character a byte; undefined when it is of no interest or too long. */
  #captured: string | undefined;
  #model: string | undefined;
  #stream: boolean | undefined;

  get isOver(): boolean {
    return this.#over;
  }

  push(chunk: Uint8Array): void {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let at = 0;
    while (at < bytes.length && !this.#over) {
      at = this.#inString ? this.#insideString(bytes, at) : this.#betweenStrings(bytes, at);
    }
  }

  facts(): RequestFacts {
    return { model: this.#model, stream: this.#stream ?? (this.#closed ? false : undefined) };
  }

  #insideString(bytes: Buffer, start: number): number {
    let from = this.#escaped ? start + 1 : start;
    this.#escaped = false;
    for (;;) {
      const quote = nextQuote(bytes, from);
      const end = quote === -1 ? bytes.length : quote;
      const escapes = endsInOpenEscape(bytes, from, end);
      if (quote === -1) {
        this.#escaped = escapes;
        this.#capture(bytes, start, end);
        return end;
      }
      if (!escapes) {
        const key = this.#captured === '' && this.#atKey ? plainKey(bytes, start, end) : undefined;
        if (key === undefined) this.#capture(bytes, start, end);
        this.#stringEnds(key);
        return end + 1;
      }
      from = end + 1;
    }
  }

  #capture(bytes: Buffer, start: number, end: number): void {
    if (this.#captured === undefined) return;
    const fits = this.#captured.length + end - start <= MAX_CAPTURED_BYTES;
    this.#captured = fits ? this.#captured + bytes.toString('latin1', start, end) : undefined;
  }

  #stringEnds(key: string | undefined): void {
    this.#inString = false;
    if (this.#depth !== 1) return;
    if (this.#atKey) this.#key = key ?? decodeString(this.#captured) ?? '';
    else if (this.#key === 'model') this.#model = decodeString(this.#captured);
  }

  /** Walks structure up to the next string; returns where to go on. */
  #betweenStrings(bytes: Buffer, start: number): number {
    for (let at = start; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (byte === QUOTE && this.#depth > 0) {
        this.#inString = true;
        this.#captured = this.#depth === 1 && (this.#atKey || this.#key === 'model') ? '' : undefined;
        return at + 1;
      }
      this.#structure(byte);
      if (this.#over) break;
    }
    return bytes.length;
  }

  #structure(byte: number | undefined): void {
    switch (byte) {
      case 0x7b: // {
      case 0x5b: // [
        this.#opens(byte);
        return;
      case 0x7d: // }
      case 0x5d: // ]
        this.#depth -= 1;
        this.#closed = this.#depth <= 0;
        this.#over = this.#closed;
        return;
      case 0x20:
      case 0x09:
      case 0x0a:
      case 0x0d:
        return;
      default:
        if (this.#depth === 0) this.#over = true;
        else if (this.#depth === 1) this.#topLevel(byte);
    }
  }

  #opens(byte: number): void {
    if (this.#depth === 0) {
      this.#over = byte !== 0x7b;
      this.#atKey = true;
    }
    this.#depth += 1;
  }

  #topLevel(byte: number | undefined): void {
    if (byte === 0x2c /* , */) {
      this.#atKey = true;
    } else if (byte === 0x3a /* : */) {
      this.#atKey = false;
      if (this.#key === 'model') this.#model = undefined;
      if (this.#key === 'stream') this.#stream = undefined;
    } else if (!this.#atKey && this.#key === 'stream' && this.#stream === undefined) {
      // The first letter tells the literals apart: true, false, null.
      if (byte === 0x74 /* t */) this.#stream = true;
      if (byte === 0x66 /* f */) this.#stream = false;
    }
  }
}

/** A key that came in one piece, '' for those that are not looked for; undefined where it holds an escape and must be decoded. */
function plainKey(bytes: Buffer, start: number, end: number): string | undefined {
  const name = end - start === 5 ? 'model' : 'stream';
  let isName = end - start === name.length;
  for (let at = start; at < end; at += 1) {
    if (bytes[at] === BACKSLASH) return undefined;
    isName &&= bytes[at] === name.charCodeAt(at - start);
  }
  return isName ? name : '';
}

/** Where the next quote stands, -1 when there is none. Prompts full of quoted words have one every few bytes. */
function nextQuote(bytes: Buffer, from: number): number {
  const near = Math.min(bytes.length, from + NEAR_BYTES);
  for (let at = from; at < near; at += 1) {
    if (bytes[at] === QUOTE) return at;
  }
  return near === bytes.length ? -1 : bytes.indexOf(QUOTE, near);
}

/** Whether an odd number of backslashes stands right before `end`, so that they escape what comes next. */
function endsInOpenEscape(bytes: Buffer, from: number, end: number): boolean {
  let at = end;
  while (at > from && bytes[at - 1] === BACKSLASH) at -= 1;
  return (end - at) % 2 === 1;
}

/** Text that stands for itself in JSON, and in UTF-8 as in Latin-1. */
const PLAIN = /^[ -[\]-~]*$/;

function decodeString(raw: string | undefined): string | undefined {
  if (raw === undefined || PLAIN.test(raw)) return raw;
  try {
    const value: unknown = JSON.parse(`"${Buffer.from(raw, 'latin1').toString('utf8')}"`);
    return typeof value === 'string' ? value : undefined;
  } catch {
    // A malformed escape: the provider will refuse the request, and we know no name.
    return undefined;
  }
}

/** APIs that name the model in the path: Gemini and Vertex AI, Azure OpenAI, Bedrock. */
const MODEL_IN_PATH: readonly RegExp[] = [
  /\/models\/([^/:]+):\w+$/,
  /\/deployments\/([^/]+)\//,
  /\/model\/([^/]+)\/(?:invoke|converse)/,
];
const STREAMING_PATH = /:streamGenerateContent$|\/(?:invoke-with-response-stream|converse-stream)$/;
const UNARY_PATH = /:generateContent$|\/(?:invoke|converse)$/;
/** What one of these needs: with most APIs a path says nothing, and that is known after one look. */
const MAY_SAY_SOMETHING = /:|\/(?:deployments|model|invoke|converse)/;

/** What the path says. A mere `GET /v1/models/{model}` asks about a model and is not a call of it. */
export function factsFromPath(path: string): RequestFacts {
  const end = path.search(/[?#]/);
  const bare = end === -1 ? path : path.slice(0, end);
  if (!MAY_SAY_SOMETHING.test(bare)) return { model: undefined, stream: undefined };
  const name = MODEL_IN_PATH.map((pattern) => pattern.exec(bare)?.[1]).find((match) => match !== undefined);
  const stream = STREAMING_PATH.test(bare) ? true : UNARY_PATH.test(bare) ? false : undefined;
  return { model: name === undefined ? undefined : decodePath(name), stream };
}

function decodePath(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // A stray percent sign: the name as it stands is the best there is.
    return segment;
  }
}
