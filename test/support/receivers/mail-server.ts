import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

export interface MailServer {
  /** `127.0.0.1:2525`. */
  readonly address: string;
  /** What has arrived, headers and body as they were sent. */
  readonly mails: readonly string[];
}

/** An SMTP server (RFC 5321, as little of it as Alertmanager needs) on loopback, until the test ends. */
export async function startMailServer(t: TestContext): Promise<MailServer> {
  const mails: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A client that breaks off has nothing more to say to a test.
    socket.on('error', () => socket.destroy());
    converse(socket, (mail) => mails.push(mail));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port');
  return { address: `127.0.0.1:${bound.port}`, mails };
}

const END_OF_MAIL = '\r\n.\r\n';

/** Commands are lines; after DATA everything up to a lone dot is the mail. */
function converse(socket: Socket, onMail: (mail: string) => void): void {
  let received = '';
  let inMail = false;
  const say = (line: string) => socket.write(`${line}\r\n`);
  const step = (): boolean => {
    const mark = inMail ? END_OF_MAIL : '\r\n';
    const end = received.indexOf(mark);
    if (end === -1) return false;
    const text = received.slice(0, end);
    received = received.slice(end + mark.length);
    if (inMail) {
      onMail(text);
      inMail = false;
      say('250 OK');
    } else inMail = answer(text, socket, say);
    return true;
  };
  say('220 test');
  socket.on('data', (chunk) => {
    received += chunk.toString();
    while (step());
  });
}

/** Whether the mail comes next. */
function answer(command: string, socket: Socket, say: (line: string) => void): boolean {
  const verb = command.slice(0, 4).toUpperCase();
  if (verb === 'DATA') say('354 go on');
  else if (verb === 'QUIT') socket.end('221 bye\r\n');
  else say('250 OK');
  return verb === 'DATA';
}
