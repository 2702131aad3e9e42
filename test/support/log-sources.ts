import type { TestContext } from 'node:test';
import { type Config, configSchema } from '../../src/config/schema.ts';
import { createLogSources } from '../../src/input/log/sources.ts';
import { createTurns } from '../../src/input/log/turns.ts';
import { createLog } from '../../src/log.ts';
import { eventually } from './eventually.ts';
import { type RecordedSource, recordSource } from './followed-log.ts';
import { createManualClock } from './manual-clock.ts';

/** A log as a user configures it. */
type WrittenLog = NonNullable<(typeof configSchema)['_zod']['input']['logs']>[number];

export interface ManualLogSources {
  /** Takes up this configuration, as a reload does. */
  reload(...logs: readonly WrittenLog[]): void;
  /** Every sink that was opened, in order, with the name it was opened under. */
  readonly opened: readonly { readonly name: string; readonly sink: RecordedSource; isClosed: boolean }[];
  /** Ids of all events of all sources, in order of the sinks; checks the balance of each. */
  ids(): string[];
  /** Reads until everything is idle. */
  settle(): void;
  /** Runs the one step that is planned, if any. */
  takeTurn(): void;
  /** Settles until the check holds: patterns are searched and packed files unpacked beside the steps. */
  until(check: () => void): Promise<void>;
  /** What a state on disk would hold now. */
  save(): string;
  close(): void;
  readonly said: readonly string[];
}

/** All the logs of a configuration, read by hand: nothing happens until the test says so. `saved` is the state of an earlier run. */
export function startLogSources(t: TestContext, { saved }: { readonly saved?: string } = {}): ManualLogSources {
  const clock = createManualClock(Date.now());
  const opened: { name: string; sink: RecordedSource; isClosed: boolean }[] = [];
  const planned: (() => void)[] = [];
  const said: string[] = [];
  const sources = createLogSources({
    sink: { open: noRequests, queue: noRequests, source: open },
    clock,
    log: createLog({ level: 'debug', write: (line) => said.push(line) }),
    turns: createTurns({ clock, soon: (task) => planned.push(task) }),
    saved: saved === undefined ? undefined : JSON.parse(saved),
  });
  t.after(() => sources.close());

  function open(name: string): RecordedSource {
    const entry = { name, isClosed: false, sink: recordSource() };
    opened.push(entry);
    return { ...entry.sink, close: () => (entry.isClosed = true) };
  }

  function takeTurn(): void {
    planned.shift()?.();
  }

  const logs: ManualLogSources = {
    opened,
    takeTurn,
    said,
    save: () => JSON.stringify(sources.save()),
    close: () => sources.close(),
    until: (check) =>
      eventually(() => {
        logs.settle();
        check();
      }),
    reload: (...logs) => sources.reconfigure(parseLogs(logs)),
    ids() {
      for (const { sink } of opened) sink.assertBalanced();
      return opened.flatMap(({ sink }) => sink.ids());
    },
    settle() {
      while (planned.length > 0) takeTurn();
      clock.advance(1000);
      while (planned.length > 0) takeTurn();
    },
  };
  return logs;
}

function parseLogs(logs: readonly WrittenLog[]): Config['logs'] {
  return configSchema.parse({ logs }).logs;
}

const noRequests = (): never => {
  throw new Error('a log has no live requests');
};
