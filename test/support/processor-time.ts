/** The processor's time that something takes in this thread: whoever else wants the processor has no part in it, unlike in what a clock shows. */
export function processorMs(task: () => void): number {
  const before = process.threadCpuUsage();
  task();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}
