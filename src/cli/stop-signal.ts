import type { CliContext, Signal } from './context.ts';

/** Resolves at the first SIGINT or SIGTERM. */
export async function stopSignal({ onSignal }: Pick<CliContext, 'onSignal'>): Promise<Signal> {
  const stops: (() => void)[] = [];
  const signal = await new Promise<Signal>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) stops.push(onSignal(name, () => resolve(name)));
  });
  for (const stop of stops) stop();
  return signal;
}
