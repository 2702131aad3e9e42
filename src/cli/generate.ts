import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { compileCatalogue, loadCatalogue } from '../classify/catalogue.ts';
import { causesReference } from '../classify/reference.ts';
import { configJsonSchema, configReference } from '../config/reference.ts';
import { metricsReference } from '../metrics/reference.ts';
import { renderPack } from '../mixin/pack.ts';
import { isMatchers } from '../mixin/promql.ts';
import { defaultSettings, type MixinSettings } from '../mixin/settings/settings.ts';
import { type Problem, ProblemError } from '../problem.ts';
import type { CliContext } from './context.ts';

interface GenerateFlags {
  readonly outputDir: string;
  readonly check?: true;
  readonly docs?: true;
  readonly selector?: string;
  readonly runbookUrl?: string;
  readonly grafanaUrl?: string;
}

/** `generate`: writes the alert pack and the dashboards, or checks that what is there is what it would write. */
export function generateCommand({ stdout }: CliContext): Command {
  return new Command('generate')
    .description('write alerts/ and dashboards/ from the settings of the mixin')
    .option('--output-dir <dir>', 'where alerts/ and dashboards/ are written', '.')
    .option('--selector <matchers>', 'more matchers for every query, such as job="llm-exporter"')
    .option('--runbook-url <url>', 'where the runbooks are found')
    .option('--grafana-url <url>', 'address of Grafana, for the links in alerts')
    .option('--docs', 'write the reference pages and the compiled catalogue of this project, too')
    .option('--check', 'write nothing; fail when a file there differs')
    .addHelpText('after', '\nExample:\n  llm-exporter generate --output-dir /etc/llm-exporter --selector \'job="llm"\'')
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
    ['docs/causes.md', causesReference(loadCatalogue())],
    ['src/classify/catalogue.json', compileCatalogue()],
  ];
}

function settingsOf(flags: GenerateFlags): MixinSettings {
  const problems = flagProblems(flags);
  if (problems.length > 0) throw new ProblemError(problems);
  const { selector, runbookUrl, grafanaUrl } = flags;
  return {
    ...defaultSettings,
    ...(selector !== undefined && { selector }),
    ...(runbookUrl !== undefined && { runbookBaseUrl: withoutEndSlash(runbookUrl) }),
    ...(grafanaUrl !== undefined && { grafanaUrl: withoutEndSlash(grafanaUrl) }),
  };
}

/** What would make rules that Prometheus refuses to load, or links that lead nowhere. */
function flagProblems({ selector, runbookUrl, grafanaUrl }: GenerateFlags): readonly Problem[] {
  const problems: Problem[] = [];
  if (selector !== undefined && !isMatchers(selector)) {
    problems.push({
      code: 'generate.selector',
      message: `--selector: ${selector} is not a list of label matchers without braces; write it as job="llm-exporter",region=~"eu-.+"`,
    });
  }
  for (const [flag, url] of [
    ['--runbook-url', runbookUrl],
    ['--grafana-url', grafanaUrl],
  ] as const) {
    if (url === undefined || isBaseUrl(url)) continue;
    problems.push({
      code: 'generate.url',
      message: `${flag}: ${withoutUser(url)} is not an http(s) address without user, query, fragment, spaces and braces; write it as https://example.com/path`,
    });
  }
  return problems;
}

/** An address that paths are appended to. Two braces would begin an action of Prometheus' templates. */
function isBaseUrl(text: string): boolean {
  if (/[\s{}"'<>\\^`|?#\p{Cc}]/u.test(text) || !/^https?:\/\//.test(text)) return false;
  const url = URL.parse(text);
  return url !== null && url.username === '' && url.password === '';
}

/** A password must not reach a terminal or a log of CI. */
function withoutUser(url: string): string {
  return url.replace(/\/\/[^/]*@/, '//<secret>@');
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
