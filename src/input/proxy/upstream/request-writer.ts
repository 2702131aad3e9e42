import type { Duplex, Readable } from 'node:stream';
import type { CallRequest } from './call.ts';

/** A body below it is copied behind its head: one write of one buffer costs less than a gathered one. */
const MAX_JOINED_BYTES = 32 * 1024;

/** Writes one request, with the framing that its body needs (RFC 9112 section 6). */
export class RequestWriter {
  readonly #socket: Duplex;
  readonly #request: CallRequest;
  readonly #onSent: () => void;
  #stopBody: (() => void) | undefined;
  #isSent = false;
  #isStopped = false;

  /** `onSent` is called when the system has taken the last byte. */
  constructor(socket: Duplex, request: CallRequest, onSent: () => void) {
    this.#socket = socket;
    this.#request = request;
    this.#onSent = onSent;
  }

  /** Everything has been handed to the socket. */
  get isSent(): boolean {
    return this.#isSent;
  }

  start(): void {
    const { body } = this.#request;
    if (body === undefined) this.#writeWhole(undefined);
    else if (Buffer.isBuffer(body)) this.#writeWhole(body);
    else this.#writeStream(body);
  }

  /** Takes no more from the body. */
  stop(): void {
    this.#isStopped = true;
    this.#stopBody?.();
  }

  #writeWhole(body: Buffer | undefined): void {
    const head = this.#head([]);
    this.#isSent = true;
    if (body !== undefined && body.length > MAX_JOINED_BYTES) {
      this.#socket.cork();
      this.#socket.write(head, 'latin1');
      this.#socket.write(body, this.#sent);
      this.#socket.uncork();
      return;
    }
    if (body === undefined) {
      this.#socket.write(head, 'latin1', this.#sent);
      return;
    }
    const whole = Buffer.allocUnsafe(head.length + body.length);
    whole.write(head, 'latin1');
    body.copy(whole, head.length);
    this.#socket.write(whole, this.#sent);
  }

  #writeStream(body: Readable): void {
    const { isChunked, trailers } = this.#request;
    this.#socket.write(this.#head(isChunked ? ['transfer-encoding', 'chunked'] : []), 'latin1');
    const onDrain = (): void => void body.resume();
    const onData = (chunk: Buffer): void => {
      if (!this.#write(chunk, isChunked)) body.pause();
    };
    const onEnd = (): void => {
      this.#stopBody?.();
      this.#isSent = true;
      if (isChunked) this.#socket.write(`0\r\n${lines(trailers?.() ?? [])}\r\n`, 'latin1', this.#sent);
      else this.#sent();
    };
    this.#stopBody = () => {
      this.#socket.off('drain', onDrain);
      body.off('data', onData).off('end', onEnd);
      this.#stopBody = undefined;
      if (!this.#isSent) body.destroy();
    };
    this.#socket.on('drain', onDrain);
    body.on('data', onData).on('end', onEnd);
  }

  #write(chunk: Buffer, isChunked: boolean): boolean {
    if (!isChunked) return this.#socket.write(chunk);
    this.#socket.cork();
    this.#socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1');
    this.#socket.write(chunk);
    const goOn = this.#socket.write('\r\n', 'latin1');
    this.#socket.uncork();
    return goOn;
  }

  #head(framing: readonly string[]): string {
    const { method, target, headers } = this.#request;
    return `${method} ${target} HTTP/1.1\r\n${lines(headers)}${lines(framing)}\r\n`;
  }

  readonly #sent = (): void => {
    this.#isSent = true;
    if (!this.#isStopped) this.#onSent();
  };
}

function lines(fields: readonly string[]): string {
  let text = '';
  for (let at = 0; at + 1 < fields.length; at += 2) text += `${fields[at]}: ${fields[at + 1]}\r\n`;
  return text;
}
