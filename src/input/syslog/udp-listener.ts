import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Clock } from '../../clock.ts';
import type { ListenAddress } from '../../config/units.ts';
import { kernelDrops } from './kernel-drops.ts';
import type { SyslogSource } from './syslog-source.ts';

/** An open address. */
export interface SyslogListener {
  /** Where it can be reached: with the port that the system chose, where it was asked to. */
  readonly port: number | undefined;
  close(): Promise<void>;
}

/**
 * What the kernel may hold while we are busy: some thousand messages. It gives at most net.core.rmem_max, which is 208 KiB on most machines.
 * What comes in while the buffer is full is lost: UDP has no way to slow its sender down.
 */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
/** How often the kernel is asked what it dropped. */
const DROPS_EVERY_MS = 5_000;

/** Rejects with Node's error when the address cannot be had. */
export async function listenUdp(
  { host, port }: ListenAddress,
  source: SyslogSource,
  clock: Clock,
): Promise<SyslogListener> {
  // Without a host every address of both families is meant; `::` takes IPv4 as well.
  const family = host === undefined || host.includes(':') ? 'udp6' : 'udp4';
  const socket = createSocket(family);
  try {
    socket.bind(port, host);
    await once(socket, 'listening');
  } catch (error) {
    socket.close();
    throw error;
  }
  growReceiveBuffer(socket);
  socket.on('message', (bytes) => source.datagram(bytes));
  // A socket that is bound has no errors of its own on the way in; what a network tells of an answer we never sent must not end us.
  socket.on('error', () => {});
  const bound = socket.address().port;
  const watch = watchDrops(() => kernelDrops(family, bound), source, clock);
  return {
    port: bound,
    async close() {
      await watch.stop();
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}

function growReceiveBuffer(socket: Socket): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
  } catch {
    // Some sandboxes forbid it; the default still works.
  }
}

/** Tells the source now and then what the kernel dropped since it was asked last; `stop` asks a last time. */
function watchDrops(read: () => Promise<number | undefined>, source: SyslogSource, clock: Clock) {
  let told: number | undefined;
  let cancel = () => {};
  let stopped = false;

  async function tell(): Promise<void> {
    const drops = await read();
    if (drops === undefined) return;
    source.lost(drops - (told ?? 0));
    told = drops;
  }

  async function watch(): Promise<void> {
    await tell();
    if (!stopped) cancel = clock.after(DROPS_EVERY_MS, () => void watch());
  }

  let last = watch();
  return {
    async stop() {
      stopped = true;
      cancel();
      await last;
      last = tell();
      await last;
    },
  };
}
