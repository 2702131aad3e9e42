import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Notification } from '../../src/demo/webhook.ts';
import { eventually } from '../support/eventually.ts';
import { type Chain, startChain } from '../support/incidents/chain.ts';
import {
  startKilled,
  startModels,
  startOverload,
  startQuiet,
  startRestarts,
  startStalled,
  startUnreachable,
} from '../support/incidents/stages.ts';
import { DEPLOY, RESTART, type Story } from '../support/incidents/stories.ts';

/** For each of the three acts, the longest of which takes a minute, or four on a busy machine. */
const DEADLINE_MS = 600_000;
const LOOK_EVERY_MS = 250;
/** Three acts, and the start of all that takes part in them. */
const TEST_TIMEOUT_MS = 4 * DEADLINE_MS;

/**
 * Every incident and every quiet day at once: simulated API, exporter, Prometheus, Alertmanager, receiver, with the shipped rules and
 * configuration many times as fast. First all is well; then everything happens, until the last page is sent and the last alert fires
 * that must stay silent; then all is well again, until nothing fires any more.
 */
test('ten incidents are a page each, quiet days are none', { timeout: TEST_TIMEOUT_MS }, async (t) => {
  // A process of its own takes longest to start where many do at once: it goes first.
  const killed = await startKilled(t);
  const others = [startModels, startOverload, startUnreachable, startStalled, startQuiet].map((start) => start(t));
  const restarts = [startRestarts(t, RESTART, 1), startRestarts(t, DEPLOY, 2)];
  const stages = [killed, ...(await Promise.all([...others, ...restarts]))];
  const stories = stages.flatMap((stage) => stage.stories);
  const begun = performance.now();
  const say = (what: string) => t.diagnostic(`${what} after ${Math.round((performance.now() - begun) / 1000)} s`);
  const chain = await startChain(
    t,
    Object.fromEntries(stages.map(({ stories: [story], targets }) => [story?.job ?? '', targets])),
  );
  await soon(stages, ({ stories: own, history }) => sees(chain, own, history));
  say('all is well');

  await Promise.all(stages.map(({ begin }) => begin()));
  await soon(stories, (story) => isTold(chain, story));
  say('everybody is told');

  await Promise.all(stages.map(({ end }) => end()));
  await soon(stories, (story) => isOver(chain, story));
  say('nothing fires');

  for (const story of stories) await t.test(story.title, () => assertSent(chain, story));
  await t.test('nothing else is sent', () => {
    const others = chain.notifications.filter((one) => !stories.some((story) => isAbout(story, one.commonLabels)));
    assert.deepEqual(others.map(headline), []);
  });
});

/** Waits until it is so for all of them; says of each that is late what is missing. */
function soon<T>(all: readonly T[], check: (one: T) => Promise<void>): Promise<void> {
  const look = async () => {
    const results = await Promise.allSettled(all.map(check));
    const late = results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason.message)] : []));
    assert.equal(late.length, 0, late.join('\n'));
  };
  return eventually(look, DEADLINE_MS, LOOK_EVERY_MS);
}

async function sees(chain: Chain, stories: readonly Story[], history: number): Promise<void> {
  for (const { job, model } of stories) {
    const seen = await chain.requestsSeen({ job, ...(model !== undefined && { model }) });
    assert.ok(seen >= history, `${job} ${model ?? ''}: ${seen} requests of ${history}`);
  }
}

function isAbout({ job, model }: Story, labels: Readonly<Record<string, string>>): boolean {
  return labels.job === job && (model === undefined || labels.model === model);
}

function headline({ commonLabels: { severity, alertname, job, model } }: Notification): string {
  return [severity, alertname, job, model].join(' ');
}

/** What has been sent about a story, by severity and alert. */
function sentAbout(chain: Chain, story: Story): Readonly<Record<string, readonly Notification[]>> {
  const own = chain.notifications.filter(({ commonLabels }) => isAbout(story, commonLabels));
  return Object.fromEntries(
    Map.groupBy(own, ({ commonLabels: { severity, alertname } }) => `${severity} ${alertname}`),
  );
}

async function isTold(chain: Chain, story: Story): Promise<void> {
  const sent = Object.keys(sentAbout(chain, story));
  assert.deepEqual(sent, story.sent, `${story.title}: sent ${sent}`);
  const firing = (await chain.firing()).filter((labels) => isAbout(story, labels));
  for (const name of story.muted ?? [])
    assert.ok(
      firing.some(({ alertname }) => alertname === name),
      `${story.title}: ${name} does not fire`,
    );
}

async function isOver(chain: Chain, story: Story): Promise<void> {
  const groups = Object.entries(sentAbout(chain, story));
  for (const [group, sent] of groups) assert.equal(sent.at(-1)?.status, 'resolved', `${story.title}: ${group}`);
  const firing = (await chain.firing()).filter((labels) => isAbout(story, labels));
  assert.deepEqual(firing, [], `${story.title}: still firing`);
}

/** These and no others, each once as firing and once as resolved, with all that a person needs. */
function assertSent(chain: Chain, story: Story): void {
  const groups = sentAbout(chain, story);
  assert.deepEqual(Object.keys(groups), story.sent);
  for (const [group, notifications] of Object.entries(groups)) {
    assert.deepEqual(
      notifications.map(({ status, alerts }) => [status, alerts.length]),
      [
        ['firing', 1],
        ['resolved', 1],
      ],
      group,
    );
    const [alert] = notifications[0]?.alerts ?? [];
    const { summary, description, runbook_url: runbook, cause } = alert?.annotations ?? {};
    assert.ok(summary && description && runbook?.endsWith(`/${alert?.labels.alertname}.md`), group);
    if (alert?.labels.component === 'llm-api') assert.ok(cause && cause !== 'unknown', `${group}: ${cause}`);
  }
}
