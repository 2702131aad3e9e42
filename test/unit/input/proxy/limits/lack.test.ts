import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lackOf } from '../../../../../src/input/proxy/limits/lack.ts';

const failed = (code: string, address?: string): Error =>
  Object.assign(new Error(`connect ${code}`), { code, address });
const all = (...errors: Error[]): Error => new AggregateError(errors);

test('what this machine has run out of is told from what is wrong with an upstream', () => {
  const cases: readonly (readonly [error: Error, lack: string | undefined])[] = [
    [failed('EMFILE'), 'out_of_descriptors'],
    [failed('ENFILE'), 'out_of_descriptors'],
    [failed('ENOBUFS'), 'exporter_out_of_resources'],
    [failed('ENOMEM'), 'exporter_out_of_resources'],
    [failed('EADDRNOTAVAIL', '192.0.2.1'), 'exporter_out_of_resources'],
    [failed('EADDRNOTAVAIL', '::1'), undefined],
    [failed('ECONNREFUSED', '192.0.2.1'), undefined],
    [all(failed('ECONNREFUSED', '::1'), failed('EMFILE', '127.0.0.1')), 'out_of_descriptors'],
    [all(failed('ECONNREFUSED', '::1'), failed('EADDRNOTAVAIL', '127.0.0.1')), undefined],
    [all(failed('EADDRNOTAVAIL', '192.0.2.1'), failed('EADDRNOTAVAIL', '192.0.2.2')), 'exporter_out_of_resources'],
    [new Error('no code at all'), undefined],
  ];
  for (const [error, lack] of cases) assert.equal(lackOf(error), lack, error.message);
});
