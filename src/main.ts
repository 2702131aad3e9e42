#!/usr/bin/env node
import type { CliContext } from './cli/context.ts';
import { runProgram } from './cli/program.ts';
import { systemClock } from './clock.ts';

const context: CliContext = {
  stdout: process.stdout,
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

process.exit(await runProgram(process.argv.slice(2), context));
