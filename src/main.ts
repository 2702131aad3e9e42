#!/usr/bin/env node
import type { CliContext } from './cli/context.ts';
import { systemClock } from './clock.ts';

// getaddrinfo and file systems that hang take a thread each, and libuv has 4, half of them for lookups. It counts when the first is needed, which
// is not before this; a user's own number holds. Workers inherit it.
process.env.UV_THREADPOOL_SIZE ||= '16';

const context: CliContext = {
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  env: process.env,
  clock: systemClock,
  onSignal(signal, handler) {
    process.on(signal, handler);
    return () => process.off(signal, handler);
  },
};

// `explain | head` closes our stdout early: that is the reader's right, and no crash.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

// Libraries fail on an older Node.js with words that help nobody, and before 22.21 every Upgrade offer would become a tunnel.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 21)) {
  process.stderr.write(`llm-exporter needs Node.js 22.21 or later, this is ${process.versions.node}\n`);
  process.exit(1);
}
const { runProgram } = await import('./cli/program.ts');
process.exit(await runProgram(process.argv.slice(2), context));
