import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** A folder of this test's own, removed when it ends. */
export async function tempDir(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'llm-exporter-test-'));
  atLast(t, () => rm(path, { recursive: true, force: true }));
  return path;
}

/**
 * Does something when the test ends, behind all that is given to `t.after`. That runs in the order in which it is given, and a folder is
 * there before the programs that write to it: one that is removed under them may fill again meanwhile, and its removal fails.
 */
export function atLast(t: TestContext, task: () => Promise<void>): void {
  // What is given by the first task stands behind all that was given before.
  t.after(() => t.after(task));
}
