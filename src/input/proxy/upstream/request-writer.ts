import type { Duplex, Readable } from 'node:stream';
import type { CallRequest } from './call.ts';

/** A body up to this goes out as text with its head, in one string: of more, to make that string costs more than a gathered write. */
const MAX_TEXT_BYTES = 2 * 1024;

export interface RequestWriterEvents {
  /** The system has taken the last byte. */
  onSent(): void;
  /** A piece of the body went out, or the upstream has taken what waited for it. */
  onProgress(): void;
  /** The body broke off: its request cannot be completed. */
  onBroken(): void;
}

/** Writes one request, with the framing that its body needs (RFC 9112 section 6). */
export class RequestWriter {
  readonly #socket: Duplex;
  readonly #request: CallRequest;
  readonly #events: RequestWriterEvents;
  #stopBody: (() => void) | undefined;
  #isWritten = false;
  #isSent = false;
  #isStopped = false;

  constructor(socket: Duplex, request: CallRequest, events: RequestWriterEvents) {
    this.#socket = socket;
    this.#request = request;
    this.#events = events;
  }

  /** Everything has been handed to the socket. */
  get isWritten(): boolean {
    return this.#isWritten;
  }

  /** The system has taken everything. */
  get isSent(): boolean {
    return this.#isSent;
  }

  start(): void {
    const { body } = this.#request;
    if (body === undefined || Buffer.isBuffer(body)) this.#writeWhole(body);
    else this.#writeStream(body);
  }

  /** Takes no more from the body. */
  stop(): void {
    this.#isStopped = true;
    this.#stopBody?.();
  }

  #writeWhole(body: Buffer | undefined): void {
    this.#isWritten = true;
    const { isChunked } = this.#request;
    const isOneChunk = isChunked && body !== undefined && body.length > 0;
    const before = this.#head() + (isOneChunk ? sizeLine(body) : '');
    const behind = isChunked ? (isOneChunk ? '\r\n' : '') + this.#lastChunk() : '';
    if (body === undefined || body.length <= MAX_TEXT_BYTES) {
      this.#socket.write(before + (body?.toString('latin1') ?? '') + behind, 'latin1');
    } else {
      this.#socket.cork();
      this.#socket.write(before, 'latin1');
      this.#socket.write(body);
      if (behind !== '') this.#socket.write(behind, 'latin1');
      this.#socket.uncork();
    }
    this.#whenTaken();
  }

  #writeStream(body: Readable): void {
    const { isChunked } = this.#request;
    this.#socket.write(this.#head(), 'latin1');
    const onDrain = (): void => {
      this.#events.onProgress();
      body.resume();
    };
    const onData = (chunk: Buffer): void => {
      this.#events.onProgress();
      if (!this.#write(chunk, isChunked)) body.pause();
    };
    const onEnd = (): void => {
      this.#stopBody?.();
      this.#isWritten = true;
      if (isChunked) this.#socket.write(this.#lastChunk(), 'latin1', this.#sent);
      else this.#whenTaken();
    };
    const onClose = (): void => {
      this.#stopBody?.();
      this.#events.onBroken();
    };
    this.#stopBody = () => {
      this.#stopBody = undefined;
      this.#socket.off('drain', onDrain);
      // Its errors say no more than its close, but unheard they would end the process.
      body.off('data', onData).off('end', onEnd).off('close', onClose).on('error', ignore);
      if (!this.#isWritten && !body.readableEnded) body.destroy();
    };
    this.#socket.on('drain', onDrain);
    body.on('data', onData).on('end', onEnd).on('close', onClose).on('error', ignore);
  }

  #write(chunk: Buffer, isChunked: boolean): boolean {
    if (!isChunked) return this.#socket.write(chunk);
    // A chunk of no bytes would be the last one.
    if (chunk.length === 0) return true;
    this.#socket.cork();
    this.#socket.write(sizeLine(chunk), 'latin1');
    this.#socket.write(chunk);
    const goOn = this.#socket.write('\r\n', 'latin1');
    this.#socket.uncork();
    return goOn;
  }

  #head(): string {
    const { method, target, headers, isChunked } = this.#request;
    return `${method} ${target} HTTP/1.1\r\n${lines(headers)}${isChunked ? 'transfer-encoding: chunked\r\n' : ''}\r\n`;
  }

  #lastChunk(): string {
    return `0\r\n${lines(this.#request.trailers?.() ?? [])}\r\n`;
  }

  /** The system mostly takes a request as it is written, and to be told so by the socket would cost a turn of its queue. */
  #whenTaken(): void {
    if (this.#socket.writableLength > 0) this.#socket.write('', this.#sent);
    else if (this.#socket.writable) this.#sent();
  }

  readonly #sent = (error?: Error | null): void => {
    // The socket's own error tells of it.
    if (error) return;
    this.#isSent = true;
    if (!this.#isStopped) this.#events.onSent();
  };
}

function ignore(): void {}

function sizeLine(chunk: Buffer): string {
  return `${chunk.length.toString(16)}\r\n`;
}

function lines(fields: readonly string[]): string {
  let text = '';
  for (let at = 0; at + 1 < fields.length; at += 2) text += `${fields[at]}: ${fields[at + 1]}\r\n`;
  return text;
}
