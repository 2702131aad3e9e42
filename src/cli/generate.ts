import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { compileCatalogue, loadCatalogue } from '../classify/catalogue.ts';
import { causesReference } from '../classify/reference.ts';
import { loadConfig, type Override } from '../config/load.ts';
import { configJsonSchema, configReference } from '../config/reference.ts';
import { metricsReference } from '../metrics/reference.ts';
import { renderPack } from '../mixin/pack.ts';
import { alertsReference } from '../mixin/reference.ts';
import { defaultSettings, type MixinSettings, PROFILES } from '../mixin/settings/settings.ts';
import { type Problem, ProblemError } from '../problem.ts';
import type { CliContext } from './context.ts';

interface GenerateFlags {
  readonly outputDir: string;
  readonly check?: true;
  readonly docs?: true;
  readonly burnIn?: true;
  readonly 'config.file'?: string;
  readonly selector?: string;
  readonly slo?: string;
  readonly profile?: string;
  readonly runbookUrl?: string;
  readonly grafanaUrl?: string;
}

/** `generate`: writes the alert pack and the dashboards, or checks that what is there is what it would write. */
export function generateCommand({ stdout }: CliContext): Command {
  return new Command('generate')
    .description('write alerts/ and dashboards/ from the settings of the mixin')
    .option('--output-dir <dir>', 'where alerts/ and dashboards/ are written', '.')
    .option('--config.file <path>', 'YAML file whose section `alerts` has the settings; flags override it')
    .option('--selector <matchers>', 'more matchers for every query, such as job="llm-exporter"')
    .option('--slo <percent>', 'share of requests that must not fail through the provider, such as 99.9')
    .option('--profile <name>', `who reads the rules: ${PROFILES.join(', ')}`)
    .option('--burn-in', 'every alert becomes an info that says what it would have been')
    .option('--runbook-url <url>', 'where the runbooks are found')
    .option('--grafana-url <url>', 'address of Grafana, for the links in alerts')
    .option('--docs', 'write the reference pages and the compiled catalogue of this project, too')
    .option('--check', 'write nothing; fail when a file there differs')
    .addHelpText(
      'after',
      '\nExample:\n  llm-exporter generate --output-dir /etc/llm-exporter --selector \'job="llm"\' --slo 99.9',
    )
    .action(async (flags: GenerateFlags) => {
      const files = [...(await renderPack(settingsOf(flags))), ...(flags.docs === true ? docs() : [])];
      if (flags.check === true) checkFiles(flags.outputDir, files);
      else writeFiles(flags.outputDir, files);
      stdout.write(
        `${files.length} files ${flags.check === true ? 'are up to date' : 'written'} in ${flags.outputDir}\n`,
      );
    });
}

type Files = readonly (readonly [path: string, text: string])[];

function docs(): Files {
  return [
    ['docs/configuration.md', configReference()],
    ['docs/config.schema.json', configJsonSchema()],
    ['docs/metrics.md', metricsReference()],
    ['docs/alerts.md', alertsReference({ settings: defaultSettings, causes: loadCatalogue().causes })],
    ['docs/causes.md', causesReference(loadCatalogue())],
    ['src/classify/catalogue.json', compileCatalogue()],
  ];
}

function settingsOf(flags: GenerateFlags): MixinSettings {
  const { alerts } = loadConfig({ file: flags['config.file'], overrides: overridesOf(flags), needsInput: false });
  const { runbookBaseUrl, grafanaUrl } = alerts;
  return {
    ...alerts,
    runbookBaseUrl: withoutEndSlash(runbookBaseUrl),
    grafanaUrl: withoutEndSlash(grafanaUrl),
    timeScale: defaultSettings.timeScale,
  };
}

/** Flags are settings of the file under another name, so what is wrong with them is said in the same way. */
function overridesOf({ selector, slo, profile, burnIn, runbookUrl, grafanaUrl }: GenerateFlags): readonly Override[] {
  const given: readonly (readonly [flag: string, path: Override['path'], value: unknown])[] = [
    ['--selector', ['selector'], selector],
    ['--slo', ['slo', 'objective'], slo === undefined ? undefined : objectiveOf(slo)],
    ['--profile', ['profile'], profile],
    ['--burn-in', ['burn_in'], burnIn],
    ['--runbook-url', ['runbook_base_url'], runbookUrl],
    ['--grafana-url', ['grafana_url'], grafanaUrl],
  ];
  return given
    .filter(([, , value]) => value !== undefined)
    .map(([flag, path, value]) => ({ flag, path: ['alerts', ...path], value }));
}

/** 99.9 or 99.9% as a share; what is no percentage is left for the configuration to refuse. */
function objectiveOf(text: string): number | string {
  const percent = Number(text.replace(/%$/, ''));
  return Number.isFinite(percent) && text !== '' ? Number((percent / 100).toPrecision(12)) : text;
}

function withoutEndSlash(url: string): string {
  return url.replace(/\/+$/, '');
}

function writeFiles(dir: string, files: Files): void {
  for (const [path, text] of files) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
}

function checkFiles(dir: string, files: Files): void {
  const problems = files.flatMap(([path, text]): Problem[] => {
    const file = join(dir, path);
    if (readIfThere(file) === text) return [];
    return [{ code: 'generate.stale', file, message: 'differs from what generate writes: run npm run generate' }];
  });
  if (problems.length > 0) throw new ProblemError(problems);
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Not there, or not readable: either way not what it ought to be.
    return undefined;
  }
}
