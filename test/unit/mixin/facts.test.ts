import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadCatalogue } from '../../../src/classify/catalogue.ts';
import { adviceLine, causesWithCodes } from '../../../src/mixin/causes.ts';
import { type CauseSource, templateFacts } from '../../../src/mixin/facts.ts';
import { expectedFacts, humanize } from '../../../src/mixin/rule-tests/expected-facts.ts';
import { defaultSettings } from '../../../src/mixin/settings/settings.ts';

const { causes } = loadCatalogue();
const SOURCE: CauseSource = {
  name: 'provider_model_code_cause:llm_requests_per_requests:ratio_increase5m',
  by: ['provider', 'model', 'code'],
};

describe('texts of alerts', () => {
  test('hold the advice for each cause that comes with the code, and for no other', () => {
    const on503 = causesWithCodes(causes, ['503']);
    assert.ok(on503.length >= 4);
    const advice = templateFacts(defaultSettings).advice(SOURCE, on503);
    for (const cause of on503) assert.ok(advice.includes(`if eq . "${cause.id}" }}${adviceLine(cause)}`), cause.id);
    assert.ok(!advice.includes('invalid_request'));
  });

  test('ask for the top cause of this very model and code, quoted so that no name can break out', () => {
    const cause = templateFacts({ ...defaultSettings, identityLabels: ['env', 'team'] }).topCause(SOURCE);
    assert.match(cause, /\{env=%q,team=%q,provider=%q,model=%q,code=%q\}/);
    assert.match(cause, /\$labels\.env \$labels\.team \$labels\.provider \$labels\.model \$labels\.code/);
  });

  test('name the environment, as far as there are labels for it', () => {
    const where = templateFacts({ ...defaultSettings, identityLabels: ['env', 'team'] }).where();
    assert.equal(where, '{{ with $labels.env }} env={{ . }}{{ end }}{{ with $labels.team }} team={{ . }}{{ end }}');
  });

  test('close every block they open', () => {
    const facts = templateFacts(defaultSettings);
    const texts = [
      facts.advice(SOURCE, causesWithCodes(causes, ['503', '504'])),
      facts.topCause(SOURCE),
      facts.recorded(SOURCE, 'percentage', 'none'),
      facts.where(),
    ];
    for (const text of texts) {
      const opened =
        text.match(/\{\{ (?:else )?(?:with|if) /g)?.filter((open: string) => !open.includes('else')).length ?? 0;
      assert.ok(opened > 0);
      assert.equal(text.match(/\{\{ end \}\}/g)?.length ?? 0, opened, text);
    }
  });
});

describe('the same texts with values in them', () => {
  test('say what is known, and otherwise that it is not', () => {
    const facts = expectedFacts(defaultSettings, { labels: { model: 'a/b c', env: 'prod' }, value: 0.12345 });
    assert.equal(facts.label('model'), 'a/b c');
    assert.equal(facts.value('percentage'), '12.35%');
    assert.equal(facts.recorded(SOURCE, 'percentage', 'not known'), 'not known');
    assert.equal(facts.topCause(SOURCE), 'unknown');
    assert.equal(facts.where(), ' env=prod');
    assert.equal(facts.variables(['model']), 'var-model=a%2Fb+c');
  });

  test('write numbers as Prometheus does', () => {
    assert.equal(humanize(1234.5, 'number'), '1.234k');
    assert.equal(humanize(0, 'number'), '0');
    assert.equal(humanize(3.5, 'duration'), '3.5s');
    assert.equal(humanize(75, 'duration'), '1m 15s');
    assert.equal(humanize(3661, 'duration'), '1h 1m 1s');
    assert.equal(humanize(90_061, 'duration'), '1d 1h 1m 1s');
  });
});
