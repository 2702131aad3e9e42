import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/**
 * The test runner behind `npm test`, `npm run check`, `npm run test:mutation` and `npm run test:soak`: types and lint
 * first, because they are quick to fail, then one run of node:test, so that its closing lines speak for everything.
 */
const SUITES = {
  /** What every commit must pass: no program but Node is needed. */
  check: ['test/*.test.ts', 'test/unit/**/*.test.ts'],
  all: ['test/*.test.ts', 'test/{unit,flow,rules,stack}/**/*.test.ts', 'test/mutation/finds-survivors.test.ts'],
  /** How many faults in the alert rules their tests notice: minutes of promtool. */
  mutation: ['test/mutation/every-rule.test.ts'],
  /** Proofs that take minutes. */
  soak: ['test/soak/**/*.test.ts'],
} as const;

/** Of one test. Only what hangs fails by it, on any machine. */
const TEST_TIMEOUT_MS = 10 * 60_000;

function run(command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

function suiteName(text: string | undefined): keyof typeof SUITES {
  if (text === undefined) return 'all';
  if (text === 'check' || text === 'mutation' || text === 'soak') return text;
  throw new Error(
    `no such suite: ${text}; there are check, mutation and soak, and all of the main ones without a name`,
  );
}

const suite = suiteName(process.argv[2]);
const takesLong = suite === 'soak' || suite === 'mutation';
if (!takesLong) {
  run('node_modules/.bin/tsc', ['-p', '.']);
  run('node_modules/.bin/biome', ['check', '--error-on-warnings', '.']);
}
const files = SUITES[suite].flatMap((pattern) => globSync(pattern)).sort();
if (files.length === 0) throw new Error(`the suite "${suite}" has no test files`);
const concurrency = Math.max(2, availableParallelism());
const timeout = takesLong ? [] : [`--test-timeout=${TEST_TIMEOUT_MS}`];
const flags = ['--import=./test/support/no-leftovers.ts', '--test-reporter=spec', `--test-concurrency=${concurrency}`];
run(process.execPath, ['--test', ...flags, ...timeout, ...files]);
