import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatNotification, wantsColour } from '../../../src/demo/notifications.ts';
import type { Notification } from '../../../src/demo/webhook.ts';

function notification(overrides: Partial<Notification['alerts'][number]> = {}): Notification {
  const alert = {
    status: 'firing' as const,
    labels: { alertname: 'LLMApi503Spike', severity: 'critical', provider: 'novita', model: 'a/b', code: '503' },
    annotations: {
      summary: 'An LLM API answers 503.',
      description: '62 % of the answers were 503.',
      cause: 'surge_protection',
      advice: 'Back off.',
      runbook_url: 'https://example.org/LLMApi503Spike.md',
    },
    startsAt: '2026-01-01T00:00:00Z',
    endsAt: '0001-01-01T00:00:00Z',
    ...overrides,
  };
  return {
    version: '4',
    status: alert.status,
    receiver: 'llm-critical',
    groupLabels: {},
    commonLabels: {},
    commonAnnotations: {},
    externalURL: 'http://127.0.0.1:9093',
    alerts: [alert],
  };
}

test('a notification names model, code, cause, what happened, what to do and the runbook', () => {
  assert.equal(
    formatNotification(notification()),
    `FIRING    LLMApi503Spike critical
  provider  novita
  model     a/b
  code      503
  cause     surge_protection
            An LLM API answers 503.
            62 % of the answers were 503.
  do first  Back off.
  runbook   https://example.org/LLMApi503Spike.md
`,
  );
});

test('a resolved alert says so, and what is missing takes no line', () => {
  const text = formatNotification(
    notification({ status: 'resolved', labels: { alertname: 'LLMExporterTargetDown' }, annotations: {} }),
  );
  assert.equal(text, 'RESOLVED  LLMExporterTargetDown\n');
});

test('control characters from a label do not reach the terminal', () => {
  const text = formatNotification(notification({ labels: { alertname: 'A', model: 'evil\u001b[2J\u009b1m\n' } }));
  assert.match(text, / evil\?\[2J\?1m\?\n/);
});

test('colours are for terminals without NO_COLOR', () => {
  const red = '\u001b[31m';
  assert.ok(formatNotification(notification(), { colour: true }).includes(red));
  assert.ok(!formatNotification(notification()).includes(red));
  assert.equal(wantsColour({ isTTY: true }, {}), true);
  assert.equal(wantsColour({ isTTY: true }, { NO_COLOR: '1' }), false);
  assert.equal(wantsColour({}, {}), false);
});
