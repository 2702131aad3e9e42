import type { Duplex } from 'node:stream';
import type { Clock } from '../../../clock.ts';

/** How the upstream's side of a tunnel broke. */
export interface TunnelBreak {
  readonly code: string;
  readonly message: string;
}

export interface TunnelPipe {
  readonly client: Duplex;
  readonly upstream: Duplex;
  readonly clock: Clock;
  /** One that takes nothing for so long, or says nothing more when the other has ended, is gone. */
  readonly idleMs: number;
  /** Called once: the client's side is over, or the upstream's broke; then the client's is left open, for what is on its way. */
  onOver(broken: TunnelBreak | undefined): void;
}

/**
 * Carries bytes both ways between two connections until both are closed. Each half ends apart, as it does for TCP. A tunnel that is silent
 * stays: those at its ends know how long they want to wait, and TCP probes for dead ones. Returns a way to break it off.
 */
export function joinBoth({ client, upstream, clock, idleMs, onOver }: TunnelPipe): () => void {
  let isOver = false;
  let pieces = 0;
  let cancel = (): void => undefined;

  function over(broken?: TunnelBreak): void {
    if (isOver) return;
    isOver = true;
    onOver(broken);
  }

  function cut(): void {
    over();
    client.destroy();
    upstream.destroy();
  }

  function isStuck(): boolean {
    return [client, upstream].some((side) => side.writableNeedDrain || side.readableEnded || side.closed);
  }

  function watch(): void {
    const before = pieces;
    cancel = clock.after(idleMs, () => {
      if (isStuck() && pieces === before) cut();
      else watch();
    });
  }

  function closed(side: Duplex): void {
    if (side === client) over();
    // One that has said its last word has ended the other by now, and that still sends what it took; so does a client of what broke.
    if (!side.readableEnded && (side === client || !isOver)) cut();
    if (client.closed && upstream.closed) cancel();
  }

  for (const side of [client, upstream]) {
    const moves = (): void => {
      pieces += 1;
    };
    side.on('data', moves).on('drain', moves);
    // Before others hear of it, who would take it for a client that left its answer.
    side.prependListener('close', () => closed(side));
  }
  upstream.on('error', ({ code, name, message }: NodeJS.ErrnoException) => over({ code: code ?? name, message }));
  watch();
  client.pipe(upstream);
  upstream.pipe(client);
  return cut;
}
