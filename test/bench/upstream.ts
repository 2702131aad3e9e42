import { createServer } from 'node:http';

/** The API behind the proxies that are compared: the least work that still is an answer. A stream is 100 chunks, or one that is held open. */
const WHOLE = JSON.stringify({
  id: 'x',
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hello '.repeat(20) }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 },
});
const CHUNK =
  'data: {"id":"x","model":"m","choices":[{"index":0,"delta":{"content":"hello"},"finish_reason":null}]}\n\n';
const CHUNKS = 100;

const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => (body += chunk));
  request.on('end', () => {
    if (!body.includes('"stream":true')) {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(WHOLE) });
      response.end(WHOLE);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    if (body.includes('"hold":true')) {
      response.write(CHUNK);
      return;
    }
    let sent = 0;
    // One turn of the loop for each chunk, so that chunks travel as they do when tokens are made one by one.
    const next = (): void => {
      sent += 1;
      if (sent > CHUNKS) response.end('data: [DONE]\n\n');
      else response.write(CHUNK, () => setImmediate(next));
    };
    next();
  });
});
server.keepAliveTimeout = 120_000;
server.listen(Number(process.argv[2]), '127.0.0.1');
