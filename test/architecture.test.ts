import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, test } from 'node:test';

/** Who may import whom, type imports included. A folder may always import itself; leaves import only one another. */
const LEAVES = ['clock', 'log', 'problem', 'build-info', 'yaml-source', 'schema-problems'];
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  event: [],
  provider: ['event', 'problem'],
  classify: ['event', 'problem', 'schema-problems', 'yaml-source'],
  config: [
    'classify/catalogue',
    'classify/causes',
    'provider',
    'log',
    'mixin/settings',
    'problem',
    'schema-problems',
    'yaml-source',
  ],
  rules: [
    'classify',
    'clock',
    'config/units',
    'event',
    'input/proxy',
    'log',
    'problem',
    'provider',
    'schema-problems',
    'yaml-source',
  ],
  metrics: ['event', 'classify', 'clock', 'build-info'],
  state: ['metrics', 'clock', 'log', 'problem'],
  input: ['event', 'provider', 'config', 'clock', 'log', 'problem'],
  server: ['metrics', 'state/state', 'classify', 'config', 'problem', 'log', 'clock', 'build-info'],
  explain: ['event', 'provider', 'classify', 'config/schema-lines', 'input', 'metrics', 'clock', 'log', 'problem'],
  mixin: ['metrics/families', 'classify/catalogue', 'classify/causes', 'config', 'problem'],
  simulate: ['event', 'provider', 'classify/causes', 'problem', 'log', 'clock'],
  history: [
    'classify',
    'clock',
    'config',
    'demo',
    'event',
    'input',
    'metrics',
    'mixin',
    'problem',
    'provider',
    'rules',
    'schema-problems',
    'server/page/html',
    'yaml-source',
  ],
  app: [
    'build-info',
    'classify',
    'clock',
    'config',
    'event',
    'input',
    'log',
    'metrics',
    'problem',
    'rules',
    'server',
    'state',
  ],
  'proxy-worker': ['classify', 'clock', 'input', 'rules'],
  demo: ['app', 'build-info', 'clock', 'config', 'log', 'mixin', 'problem', 'simulate'],
  cli: [
    'app',
    'build-info',
    'classify',
    'clock',
    'config',
    'demo',
    'explain',
    'history',
    'log',
    'metrics/reference',
    'mixin',
    'problem',
    'proxy-worker',
    'rules',
    'simulate',
  ],
  main: ['cli', 'clock'],
};

const MAX_FILE_LINES = 300;
const MAX_FOLDER_FILES = 14;

/** Packages that belong to one place, so that each can be replaced there. */
const PACKAGE_HOMES: Readonly<Record<string, readonly string[]>> = {
  'prom-client': ['metrics/'],
  express: ['server/'],
  pino: ['log.ts'],
  commander: ['cli/'],
};

const files = globSync('src/**/*.ts').map((path) => path.slice('src/'.length));
const imports = new Map(files.map((file) => [file, importsOf(file)]));

function importsOf(file: string): { readonly local: readonly string[]; readonly packages: readonly string[] } {
  const text = readFileSync(join('src', file), 'utf8');
  const specifiers = [...text.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map((match) => match[1] ?? '');
  return {
    local: specifiers.filter((name) => name.startsWith('.')).map((name) => normalize(join(dirname(file), name))),
    packages: specifiers.filter((name) => !name.startsWith('.') && !name.startsWith('node:')),
  };
}

const folderOf = (file: string): string => file.split('/')[0]?.replace(/\.ts$/, '') ?? '';

function isAllowed(from: string, to: string): boolean {
  const folder = folderOf(from);
  if (folder === folderOf(to)) return true;
  if (LEAVES.includes(folder)) return LEAVES.includes(folderOf(to));
  return (MAY_IMPORT[folder] ?? []).some((name) => to === `${name}.ts` || to.startsWith(`${name}/`));
}

describe('architecture', () => {
  test('finds the sources', () => {
    assert.ok(files.length > 20, `only ${files.length} files found`);
  });

  test('every folder imports only what it may', () => {
    const wrong = [...imports].flatMap(([from, { local }]) =>
      local.filter((to) => !isAllowed(from, to)).map((to) => `${from} imports ${to}`),
    );
    assert.deepEqual(wrong, []);
  });

  test('every import names a file that exists', () => {
    const known = new Set(files);
    const missing = [...imports].flatMap(([from, { local }]) =>
      local.filter((to) => to.endsWith('.ts') && !known.has(to)).map((to) => `${from}: ${to}`),
    );
    assert.deepEqual(missing, []);
  });

  test('no file imports itself, however far around', () => {
    const state = new Map<string, 'open' | 'done'>();
    const visit = (file: string, trail: readonly string[]): void => {
      assert.notEqual(state.get(file), 'open', `cycle: ${[...trail, file].join(' -> ')}`);
      if (state.get(file) === 'done') return;
      state.set(file, 'open');
      for (const next of imports.get(file)?.local ?? []) visit(next, [...trail, file]);
      state.set(file, 'done');
    };
    for (const file of files) visit(file, []);
  });

  test('packages stay at home', () => {
    const strays = [...imports].flatMap(([from, { packages }]) =>
      packages
        .filter((name) => PACKAGE_HOMES[name]?.every((home) => !from.startsWith(home)))
        .map((name) => `${from} imports ${name}`),
    );
    assert.deepEqual(strays, []);
  });

  test('only main.ts ends the process, only clock.ts knows the time', () => {
    const rules: readonly (readonly [pattern: RegExp, home: string])[] = [
      [/process\.exit\(/, 'main.ts'],
      [/\bDate\.now\(\)|\bperformance\.now\(\)|new Date\(\)/, 'clock.ts'],
    ];
    const wrong = files.flatMap((file) => {
      const text = readFileSync(join('src', file), 'utf8');
      return rules
        .filter(([pattern, home]) => file !== home && pattern.test(text))
        .map(([pattern]) => `${file}: ${pattern}`);
    });
    assert.deepEqual(wrong, []);
  });

  test('files and folders stay small', () => {
    const long = files.filter(
      (file) => readFileSync(join('src', file), 'utf8').split('\n').length - 1 > MAX_FILE_LINES,
    );
    const counts = Map.groupBy(files, (file) => dirname(file));
    const full = [...counts].filter(([folder, members]) => folder !== '.' && members.length > MAX_FOLDER_FILES);
    assert.deepEqual([long, full.map(([folder]) => folder)], [[], []]);
  });
});
