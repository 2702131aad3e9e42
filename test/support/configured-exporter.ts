import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { stringify } from 'yaml';
import { eventually } from './eventually.ts';
import { type ExporterProcess, startExporter } from './exporter.ts';

/** A running exporter whose settings are in a file. */
export interface ConfiguredExporter extends ExporterProcess {
  /** Writes another configuration and has it read; resolves when it is in force or refused. */
  reload(config: object): Promise<void>;
  /** Address on which it said that it listens for syslog, the last one of that kind. */
  syslogAddress(kind: 'udp' | 'tcp' | 'unix'): URL;
}

/** Starts `serve --config.file` with this configuration, written into `folder`, and a proxy to nowhere beside it. */
export async function startConfigured(
  t: TestContext,
  folder: string,
  config: object,
  args: readonly string[] = [],
): Promise<ConfiguredExporter> {
  const file = join(folder, 'config.yml');
  // Port 9 is "discard": nothing is ever sent there.
  const write = (settings: object) =>
    writeFile(file, stringify({ proxy: { upstream: 'http://127.0.0.1:9' }, ...settings }));
  await write(config);
  const exporter = await startExporter(t, [`--config.file=${file}`, ...args]);
  const told = () => exporter.stderr().match(/msg="configuration (?:reloaded|refused)/g)?.length ?? 0;
  return {
    ...exporter,
    async reload(settings) {
      const before = told();
      await write(settings);
      exporter.child.kill('SIGHUP');
      await eventually(() => assert.ok(told() > before));
    },
    syslogAddress(kind) {
      const address = exporter
        .stderr()
        .match(new RegExp(`(?<=msg="syslog is listening" address=)${kind}://\\S+`, 'g'))
        ?.at(-1);
      assert.ok(address, exporter.stderr());
      return new URL(address);
    },
  };
}
