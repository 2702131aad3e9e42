import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commented, GENERATED, yamlFile } from '../../../src/mixin/yaml-file.ts';

test('puts comments above items and keys, keeps lines whole and several lines as a block', () => {
  const long = 'x'.repeat(300);
  const text = yamlFile(
    { list: [commented('why\nand how', { expr: 'a\n> b' })], key: commented('reason', [1]), long, code: '503' },
    'More.',
  );
  assert.equal(
    text,
    `# ${GENERATED}
# More.

list:
  # why
  # and how
  - expr: |-
      a
      > b
# reason
key:
  - 1
long: ${long}
code: '503'
`,
  );
});
