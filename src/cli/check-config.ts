import { Command } from 'commander';
import { loadConfig } from '../config/load.ts';
import type { CliContext } from './context.ts';

/** `check-config FILE`: every problem at once, with line and column; exit code 1 if there is one. */
export function checkConfigCommand({ stdout }: CliContext): Command {
  return new Command('check-config')
    .description('check a configuration file and report every problem with its line and column')
    .argument('<file>', 'YAML file as for serve --config.file')
    .addHelpText('after', '\nExample:\n  llm-exporter check-config /etc/llm-exporter/config.yml')
    .action((file: string) => {
      loadConfig({ file });
      stdout.write(`${file}: ok\n`);
    });
}
