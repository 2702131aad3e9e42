import assert from 'node:assert/strict';
import { test } from 'node:test';
import { html } from '../../../../src/server/page/html.ts';

test('escapes every insert, in text and in attributes', () => {
  const hostile = `<script>alert("1")</script>&'`;
  const escaped = '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;';
  assert.equal(html`<p title="${hostile}">${hostile}</p>`.html, `<p title="${escaped}">${escaped}</p>`);
});

test('keeps what the tag itself made, one or many', () => {
  assert.equal(
    html`<ul>${['a', '<'].map((item) => html`<li>${item}</li>`)}</ul>${1}`.html,
    '<ul><li>a</li><li>&lt;</li></ul>1',
  );
});
