import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unrotated } from '../../../../../src/input/log/follow/siblings.ts';

const ROTATED: readonly (readonly [name: string, before: string])[] = [
  ['access.log', 'access.log'],
  ['access.log.1', 'access.log'],
  ['access.log.12.gz', 'access.log'],
  ['access.log.gz', 'access.log'],
  ['access.log-20260902', 'access.log'],
  ['access.log-20260902.gz', 'access.log'],
  ['access.log-2026-09-02_00', 'access.log'],
  ['0.log.20260902-123456', '0.log'],
  ['0.log.20260902-123456.gz', '0.log'],
  ['0.log', '0.log'],
  ['x-json.log.3', 'x-json.log'],
  ['access-20260902.log', 'access.log'],
  ['access-2026-09-02T00-31-44.000.log.gz', 'access.log'],
  ['access_log.old', 'access_log'],
  ['worker-2.log', 'worker-2.log'],
  ['access-api.log', 'access-api.log'],
  ['access.log.swp', 'access.log.swp'],
];

test('the name of a log before its rotation', () => {
  for (const [name, before] of ROTATED) assert.equal(unrotated(`/var/log/${name}`), `/var/log/${before}`);
});
