import { resolve } from 'node:path';
import { Command } from 'commander';
import { type Catalogue, loadCatalogue } from '../classify/catalogue.ts';
import { loadConfig } from '../config/load.ts';
import { type ProviderSettings, providerSettings } from '../config/providers.ts';
import { adviceOn } from '../config/proxy/advice.ts';
import { createLog } from '../log.ts';
import { ProblemError } from '../problem.ts';
import { failingExamples } from '../rules/examples.ts';
import { loadRules } from '../rules/load-rules.ts';
import type { CliContext } from './context.ts';

interface CheckFlags {
  readonly 'rules.file'?: string;
}

/** What there is to check: rules are tried with what the configuration says of the providers. */
interface Subject {
  readonly rulesFile: string | undefined;
  readonly providers: Readonly<Record<string, ProviderSettings>>;
  /** What works and is likely to hurt, a line each. */
  advice(catalogue: Catalogue): readonly string[];
}

/** `check-config FILE`: every problem at once, with line and column; exit code 1 if there is one. */
export function checkConfigCommand(context: CliContext): Command {
  const command = new Command('check-config');
  return command
    .description(
      'check a configuration file and its rules: every problem with its line and column, and warnings, which fail nothing',
    )
    .argument('[file]', 'YAML file as for serve --config.file')
    .option('--rules.file <path>', 'rules file as for serve; without a configuration it is checked alone')
    .addHelpText('after', '\nExample:\n  llm-exporter check-config /etc/llm-exporter/config.yml')
    .action((file: string | undefined, flags: CheckFlags) => {
      const rulesFile = flags['rules.file'];
      if (file === undefined && rulesFile === undefined) command.error("error: missing required argument 'file'");
      return check(file, rulesFile, context);
    });
}

async function check(file: string | undefined, rulesFlag: string | undefined, { stdout, clock }: CliContext) {
  const { rulesFile, providers, advice } = readSubject(file, rulesFlag);
  const rules = loadRules(rulesFile, loadCatalogue());
  const problems = await failingExamples(rules, { clock, log: createLog(), providers });
  if (problems.length > 0) throw new ProblemError(problems);
  for (const line of advice(rules.catalogue)) stdout.write(`${file}: warning: ${line}\n`);
  if (file !== undefined) stdout.write(`${file}: ok\n`);
  if (rulesFile !== undefined) stdout.write(`${rulesFile}: ok, examples: ${rules.examples.length}\n`);
}

function readSubject(file: string | undefined, rulesFlag: string | undefined): Subject {
  if (file === undefined) return { rulesFile: rulesFlag, providers: {}, advice: () => [] };
  const path = ['classify', 'rules_file'];
  const overrides = rulesFlag === undefined ? [] : [{ flag: '--rules.file', path, value: resolve(rulesFlag) }];
  const config = loadConfig({ file, overrides });
  const advice = (catalogue: Catalogue) =>
    adviceOn(config, catalogue).map(({ setting, message }) => `${setting}: ${message}`);
  return { rulesFile: config.classify.rules_file, providers: providerSettings(config), advice };
}
