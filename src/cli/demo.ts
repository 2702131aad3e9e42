import { Command } from 'commander';
import { runDemo } from '../demo/demo.ts';
import { wantsColour } from '../demo/notifications.ts';
import { durationMs, option } from './arguments.ts';
import type { CliContext } from './context.ts';

interface DemoFlags {
  readonly keep?: boolean;
  readonly duration: number;
  readonly download: boolean;
}

const EXAMPLE = `
Example: let it run on after the incident, to look around and to fail as you like
  llm-exporter demo --keep
  curl -X PUT 127.0.0.1:8504/-/faults -d '[{"cause": "model_overloaded", "rate": 0.5}]'

Prometheus and Alertmanager are taken from PATH, else unpacked from Debian's packages into a cache folder. Without them
the demo runs without alerts. Exit code 0: the notifications of the incident and of its end both arrived.`;

/** `demo`: an API, the exporter, Prometheus and Alertmanager, and an incident to watch. */
export function demoCommand(context: CliContext): Command {
  return new Command('demo')
    .description('run the whole chain on this machine, and watch an incident become a page and end')
    .option('--keep', 'keep everything running after the incident, until Ctrl-C')
    .addOption(
      option('--duration <duration>', 'give up on the incident after this long', durationMs).default(300_000, '5m'),
    )
    .option('--no-download', 'use Prometheus and Alertmanager only where they are installed already')
    .addHelpText('after', EXAMPLE)
    .action((flags: DemoFlags) => demo(flags, context));
}

async function demo({ keep = false, duration, download }: DemoFlags, context: CliContext): Promise<void> {
  const { stdout, env, clock } = context;
  const stop = new AbortController();
  const release = (['SIGINT', 'SIGTERM'] as const).map((name) => context.onSignal(name, () => stop.abort()));
  await runDemo({
    clock,
    env,
    print: (text) => stdout.write(text),
    colour: wantsColour(stdout, env),
    signal: stop.signal,
    download,
    limitMs: duration,
    keep,
  });
  for (const undo of release) undo();
}
