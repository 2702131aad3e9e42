import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Reader } from './follow.ts';

/** `serve` with one log. `settings` are those of the log. */
export function exporterReader(settings: Readonly<Record<string, string>>): Reader {
  return {
    name: 'llm-exporter',
    async command(log, folder) {
      const config = join(folder, 'config.json');
      return {
        command: process.execPath,
        args: async (port) => {
          const web = { listen_address: `127.0.0.1:${port}` };
          // YAML takes JSON.
          await writeFile(config, JSON.stringify({ web, logs: [{ file: log, ...settings }], state: { sync: 'off' } }));
          return ['src/main.ts', 'serve', `--config.file=${config}`, '--log.level=error'];
        },
      };
    },
  };
}
