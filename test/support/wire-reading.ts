/** One message as it stands on the wire. Latin-1. */
export interface WireMessage {
  /** Request line or status line. */
  readonly start: string;
  /** Flat. */
  readonly fields: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
  /** False: the text ended before the message did. */
  readonly isWhole: boolean;
}

export interface WireReading {
  readonly messages: readonly WireMessage[];
  /** What is no message. */
  readonly rest: string;
}

/**
 * Reads what somebody sent, by the letter of RFC 9112 and with none of the program's code. `methods` are those of the requests that answers
 * belong to; without it, what is read are requests. `isClosed`: nothing more will come.
 */
export function readWire(text: string, isClosed: boolean, methods?: readonly string[]): WireReading {
  const messages: WireMessage[] = [];
  let rest = text;
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n');
    if (end === -1) break;
    const [start = '', ...lines] = rest.slice(0, end).split('\r\n');
    const kind = methods === undefined ? /^\S+ \S+ HTTP\/1\.[01]$/ : /^HTTP\/1\.[01] \d{3}( .*)?$/;
    if (!kind.test(start)) break;
    const fields = lines.flatMap((line) => [line.replace(/:.*/s, ''), line.replace(/^[^:]*:[ \t]*|[ \t]*$/gs, '')]);
    const answered = messages.filter((message) => !isInformation(message.start)).length;
    const framing = framingOf(start, fields, methods?.[answered]);
    const body = bodyOf(rest.slice(end + 4), framing, isClosed);
    messages.push({ start, fields, body: body.text, trailers: body.trailers, isWhole: body.isWhole });
    rest = body.rest;
    if (!body.isWhole) break;
  }
  return { messages, rest };
}

export function isInformation(start: string): boolean {
  return /^HTTP\/1\.\d 1(?!01)/.test(start);
}

/** All values of a field. */
export function valuesOf(fields: readonly string[], name: string): string[] {
  return fields.filter((_, at) => at % 2 === 1 && fields[at - 1]?.toLowerCase() === name);
}

type Framing = number | 'chunked' | 'until_close';

function framingOf(start: string, fields: readonly string[], method: string | undefined): Framing {
  const status = Number(/^HTTP\/1\.\d (\d{3})/.exec(start)?.[1] ?? 0);
  if (status !== 0 && (method === 'HEAD' || status < 200 || status === 204 || status === 304)) return 0;
  if (valuesOf(fields, 'transfer-encoding').some((value) => /chunked$/i.test(value))) return 'chunked';
  const [length] = valuesOf(fields, 'content-length');
  if (length !== undefined) return Number.parseInt(length, 10);
  return status === 0 ? 0 : 'until_close';
}

interface Body {
  readonly text: string;
  readonly trailers: readonly string[];
  readonly rest: string;
  readonly isWhole: boolean;
}

function bodyOf(text: string, framing: Framing, isClosed: boolean): Body {
  if (framing === 'chunked') return chunkedBody(text);
  if (framing === 'until_close') return { text, trailers: [], rest: '', isWhole: isClosed };
  return { text: text.slice(0, framing), trailers: [], rest: text.slice(framing), isWhole: text.length >= framing };
}

function chunkedBody(text: string): Body {
  let body = '';
  let rest = text;
  for (;;) {
    const line = /^([0-9a-f]+)[^\r\n]*\r\n/i.exec(rest);
    if (line === null) return { text: body, trailers: [], rest, isWhole: false };
    const size = Number.parseInt(line[1] ?? '', 16);
    rest = rest.slice(line[0].length);
    if (size === 0) break;
    body += rest.slice(0, size);
    if (rest.slice(size, size + 2) !== '\r\n') return { text: body, trailers: [], rest: '', isWhole: false };
    rest = rest.slice(size + 2);
  }
  const trailer = /^((?:[^\r\n]+\r\n)*)\r\n/.exec(rest);
  if (trailer === null) return { text: body, trailers: [], rest, isWhole: false };
  const lines = (trailer[1] ?? '').split('\r\n').filter((line) => line !== '');
  const trailers = lines.flatMap((line) => [line.replace(/:.*/, ''), line.replace(/^[^:]*:\s*/, '')]);
  return { text: body, trailers, rest: rest.slice(trailer[0].length), isWhole: true };
}
