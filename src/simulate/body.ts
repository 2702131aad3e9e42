import type { IncomingMessage } from 'node:http';

/** Largest request body that is taken in; a vision request of OpenAI may have 50 MB, none needs it here. */
export const MAX_BODY_BYTES = 32 * 1024 ** 2;

/** The whole body; `too_large` beyond MAX_BODY_BYTES, whose rest is read and dropped so that the client gets its answer. */
export async function readBody(request: IncomingMessage): Promise<Buffer | 'too_large'> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // A server's request without an encoding yields buffers.
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
    else chunks.length = 0;
  }
  return bytes > MAX_BODY_BYTES ? 'too_large' : Buffer.concat(chunks);
}
