import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { eventually } from '../eventually.ts';
import { type ExporterProcess, startExporter } from '../exporter.ts';
import type { Scrape } from '../scrape.ts';
import { tempDir } from '../temp-dir.ts';

/** What a process holds on to. */
export interface Holdings {
  readonly rssMiB: number;
  readonly descriptors: number;
  /** Open handles by kind, and timers, as Node counts them. */
  readonly resources: Readonly<Record<string, number>>;
}

/** A real exporter that is looked at while it works. */
export interface WatchedExporter {
  readonly process: ExporterProcess;
  /** Reloads a changed configuration that asks for the same, and waits until it is in force. */
  reload(): Promise<void>;
  /** A scrape; fails when a counter has gone down since the last one. */
  look(): Promise<Scrape>;
  holdings(): Promise<Holdings>;
  rssMiB(): number;
}

export async function startWatchedExporter(
  t: TestContext,
  { upstream, models }: { readonly upstream: string; readonly models: readonly string[] },
): Promise<WatchedExporter> {
  const file = join(await tempDir(t), 'config.yml');
  const variants = configurations(upstream, models);
  await writeFile(file, variants[0] ?? '');
  const exporter = await startExporter(t, [`--config.file=${file}`]);
  const { pid } = exporter.child;
  assert.ok(pid !== undefined);
  const rssMiB = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  let reloads = 0;
  const before = new Map<string, number>();
  return {
    process: exporter,
    rssMiB,
    async reload() {
      reloads += 1;
      await writeFile(file, variants[reloads % variants.length] ?? '');
      exporter.child.kill('SIGHUP');
      await eventually(() => assert.equal(exporter.stderr().split('msg="configuration reloaded"').length - 1, reloads));
    },
    async look() {
      const scrape = await exporter.scrape();
      for (const { name, labels, value } of scrape.samples) {
        if (!name.endsWith('_total') || !name.startsWith('llm_')) continue;
        const key = name + JSON.stringify(labels);
        assert.ok(value >= (before.get(key) ?? 0), `${key} went down to ${value}`);
        before.set(key, value);
      }
      return scrape;
    },
    async holdings() {
      const scrape = await exporter.scrape();
      return {
        rssMiB: rssMiB(),
        descriptors: readdirSync(`/proc/${pid}/fd`).length,
        resources: scrape.by('nodejs_active_resources', ['type']),
      };
    },
  };
}

/** The same wishes in other words. Retries change no code here: what fails, fails again. */
function configurations(upstream: string, models: readonly string[]): readonly string[] {
  const common = `
providers:
  p: {models: [${models.join(', ')}]}
proxy:
  provider: p
  upstream: ${upstream}`;
  return [
    common,
    `# reloaded\n${common}/\n`,
    `${common}\n  timeouts: {idle: 300s}\nlimits: {models: 300}\n`,
    `${common}\n  retries: {max: 1, base_delay: 1ms, max_delay: 20ms}\n`,
  ];
}
