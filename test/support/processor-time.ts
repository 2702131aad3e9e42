/** Long enough for all who want the processor to have had their turn. */
const LOOK_MS = 500;

/** The share of a processor that this thread gets now when it wants all of it: a quarter where it is one of four. */
export function processorShare(): number {
  const start = performance.now();
  const took = processorMs(() => {
    while (performance.now() - start < LOOK_MS);
  });
  return took / (performance.now() - start);
}

/** The processor's time that something takes in this thread: whoever else wants the processor has no part in it, unlike in what a clock shows. */
export function processorMs(task: () => void): number {
  const before = process.threadCpuUsage();
  task();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}
