import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileTemplate } from '../../../../../../src/input/log/formats/reader/template.ts';

const read = (template: string, line: string) => compileTemplate(template, 'nginx')(line);

test('a value ends where the text behind it begins, and the last one at the end of the line', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the template's own braces
  assert.deepEqual(read('$a - ${b}x [$c] $d', '1 - 2x [3 4] 5 6'), { a: '1', b: '2', c: '3 4', d: '5 6' });
  assert.deepEqual(read('[$a]', '[]'), { a: '' });
  assert.equal(read('[$a] $b', '[1]'), undefined);
  assert.equal(read('[$a]', '[1] and more'), undefined);
  assert.equal(read('[$a]', ' [1]'), undefined);
  assert.deepEqual(read('no value', 'no value'), {});
  assert.equal(read('no value', 'no value at all'), undefined);
});

test('a quote inside a quoted value does not end it, however it is escaped', () => {
  assert.deepEqual(read('"$a" "$b"', '"say \\"x\\" \\\\" "y"'), { a: 'say "x" \\', b: 'y' });
  assert.deepEqual(read('"$a" "$b"', '"say \\x22x\\x22 \\xE5\\xAE\\xB6" "y"'), { a: 'say "x" 家', b: 'y' });
  assert.deepEqual(compileTemplate('"$a" "$b"', 'json')('"say \\"x\\u00e9" "y"'), { a: 'say "xé', b: 'y' });
});

test('a backslash that escapes nothing is a part of the value', () => {
  assert.deepEqual(compileTemplate('"$a" "$b"', 'none')('"C:\\" "y"'), { a: 'C:\\', b: 'y' });
});

test("nginx's lists go on behind their separators", () => {
  const template = '$upstream_status $upstream_response_time,$upstream_addr|$request_time';
  assert.deepEqual(read(template, '502, 504 : 200 0.1, - : 2.0,10.0.0.1:80, 10.0.0.2:80 : 10.0.0.3:80|1.5'), {
    upstream_status: '502, 504 : 200',
    upstream_response_time: '0.1, - : 2.0',
    upstream_addr: '10.0.0.1:80, 10.0.0.2:80 : 10.0.0.3:80',
    request_time: '1.5',
  });
  assert.deepEqual(read('$upstream_http_x_model $status', 'a, b 200'), undefined);
});

test('variables with nothing between them share the text', () => {
  assert.deepEqual(read('"$uri$is_args$args" $status', '"/v1/x?a=1" 200')?.uri, '/v1/x?a=1');
});

test('what nginx writes without spaces does not stand for the rest of a line', () => {
  assert.equal(read('$request $status', 'x 200 more'), undefined);
  assert.deepEqual(read('$request $rest', 'x 200 more')?.rest, '200 more');
});

test('values that hold nothing of the text around them are read back as they were written', () => {
  const value = fc.string({ unit: fc.constantFrom('a', 'é', '1', '.', ':', ',', '/', '-'), minLength: 1 });
  fc.assert(
    fc.property(value, value, value, (a, b, c) => {
      assert.deepEqual(read('<$a> "$b" [$c]', `<${a}> "${b}" [${c}]`), { a, b, c });
    }),
  );
});
