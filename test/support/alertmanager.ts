import type { TestContext } from 'node:test';
import {
  type Alertmanager,
  type AlertmanagerOptions,
  startAlertmanager as start,
} from '../../src/demo/alertmanager.ts';
import { tempDir } from './temp-dir.ts';

/** A real Alertmanager on a free loopback port and with a folder of its own, stopped when the test ends. */
export async function startAlertmanager(
  t: TestContext,
  options: Omit<AlertmanagerOptions, 'folder'>,
): Promise<Alertmanager> {
  const alertmanager = await start({ ...options, folder: await tempDir(t) });
  t.after(() => alertmanager.stop());
  return alertmanager;
}
