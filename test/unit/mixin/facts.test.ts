import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadCatalogue } from '../../../src/classify/catalogue.ts';
import { adviceLine, causesWithCodes } from '../../../src/mixin/causes.ts';
import { spikeTemplate } from '../../../src/mixin/facts.ts';
import { defaultSettings } from '../../../src/mixin/settings.ts';

const { causes } = loadCatalogue();

describe('texts of alerts', () => {
  test('hold the advice for each cause that comes with the code, and for no other', () => {
    const on503 = causesWithCodes(causes, ['503']);
    assert.ok(on503.length >= 4);
    const { advice } = spikeTemplate(defaultSettings, on503);
    for (const cause of on503) assert.ok(advice.includes(`if eq . "${cause.id}" }}${adviceLine(cause)}`), cause.id);
    assert.ok(!advice.includes('invalid_request'));
  });

  test('ask for the top cause of this very model and code, quoted so that no name can break out', () => {
    const settings = { ...defaultSettings, identityLabels: ['env', 'team'] };
    const { cause } = spikeTemplate(settings, []);
    assert.match(cause, /\{env=%q,team=%q,provider=%q,model=%q,code=%q\}/);
    assert.match(cause, /\$labels\.env \$labels\.team \$labels\.provider \$labels\.model \$labels\.code/);
  });

  test('name the environment, as far as there are labels for it', () => {
    const { where } = spikeTemplate({ ...defaultSettings, identityLabels: ['env', 'team'] }, []);
    assert.equal(where, '{{ with $labels.env }} env={{ . }}{{ end }}{{ with $labels.team }} team={{ . }}{{ end }}');
  });

  test('close every block they open', () => {
    for (const text of Object.values(spikeTemplate(defaultSettings, causesWithCodes(causes, ['503', '504'])))) {
      const opened =
        text.match(/\{\{ (?:else )?(?:with|if) /g)?.filter((open: string) => !open.includes('else')).length ?? 0;
      assert.equal(text.match(/\{\{ end \}\}/g)?.length ?? 0, opened, text);
    }
  });
});
