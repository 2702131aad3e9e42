import { extname, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { BuildInfo } from './build-info.ts';
import { loadCatalogue } from './classify/catalogue.ts';
import type { Clock } from './clock.ts';
import { describeInputs } from './config/inputs.ts';
import { listenOn } from './config/listen.ts';
import { providerSettings } from './config/providers.ts';
import { adviceOn } from './config/proxy/advice.ts';
import { createReload } from './config/reload.ts';
import type { Config } from './config/schema.ts';
import type { ListenAddress } from './config/units.ts';
import { checkInputs, createInputs } from './input/inputs.ts';
import type { Log } from './log.ts';
import { exposeBuild, exposeReload } from './metrics/record/info.ts';
import { createRecorder, type RecorderSettings } from './metrics/record/recorder.ts';
import { FIT_MESSAGES } from './metrics/record/source/source-fit.ts';
import { createScrapers } from './metrics/scrapers.ts';
import { createStore, type Store } from './metrics/store.ts';
import type { Problem } from './problem.ts';
import { warnOfExamples } from './rules/examples.ts';
import { type LoadedRules, loadRules } from './rules/load-rules.ts';
import { createWebServer } from './server/server.ts';
import { openState } from './state/open-state.ts';
import type { State } from './state/state.ts';

export interface AppOptions {
  /** Reads the configuration, at the start and at every reload; throws a ProblemError when it is wrong. */
  readonly load: () => Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly build: BuildInfo;
  /** Read when the configuration asks for standard input. */
  readonly stdin: Readable;
}

/** A running exporter. */
export interface RunningApp {
  /** Absent when nothing is proxied. */
  readonly proxyAddress: ListenAddress | undefined;
  readonly proxyScheme: 'http' | 'https';
  readonly webAddress: ListenAddress;
  /** Takes up a changed configuration; one with problems changes nothing. Answers with the problems. */
  reload(): readonly Problem[];
  /** No new requests; resolves when the running ones have ended or `proxy.drain_timeout` has passed. */
  drain(): Promise<void>;
  /** Ends everything now; requests that still run are cut, and counted. */
  close(): Promise<void>;
}

/** What is run once more for each worker: this program, built or not. */
const PROGRAM = join(import.meta.dirname, `main${extname(import.meta.filename)}`);

interface Settings {
  readonly config: Config;
  readonly rules: LoadedRules;
}

/** Builds the parts, joins them, and listens. Throws a ProblemError when the configuration, a port or the state folder is of no use. */
export async function startApp(options: AppOptions): Promise<RunningApp> {
  const { clock, log } = options;
  const builtIn = loadCatalogue();
  const loadSettings = (): Settings => {
    const config = options.load();
    checkInputs(config);
    return { config, rules: loadRules(config.classify.rules_file, builtIn) };
  };
  const settings = loadSettings();
  const { dir, sync, interval } = settings.config.state;
  const store = createStore({ clock, limits: { series: settings.config.limits.series } });
  const state = await openState({ dir, sync, intervalMs: interval, store, clock, log });
  const app = joinParts({ ...options, settings, loadSettings, store, state });
  try {
    return await app.start();
  } catch (error) {
    await app.close();
    throw error;
  }
}

interface Joined {
  start(): Promise<RunningApp>;
  close(): Promise<void>;
}

interface JoinOptions extends AppOptions {
  readonly settings: Settings;
  readonly loadSettings: () => Settings;
  readonly store: Store;
  readonly state: State;
}

function joinParts({ settings, loadSettings, store, state, clock, log, build, stdin }: JoinOptions): Joined {
  const { config } = settings;
  const { catalogue } = settings.rules;
  let ready = false;
  const recorder = createRecorder({
    ...{ store, catalogue, clock, settings: recorderSettings(config) },
    onFit: (source, { verdict, ...counts }) =>
      log[verdict === 'good' ? 'info' : 'warn'](FIT_MESSAGES[verdict], { source, ...counts }),
  });
  const inputs = createInputs({
    ...{ config, sink: recorder, clock, log, stdin },
    saved: state.saved,
    durable: state.commit,
    program: PROGRAM,
  });
  const scrapers = createScrapers({
    ...{ clock, births: store.births, birth: config.metrics.birth },
    saved: state.saved.scrapers,
  });
  const advise = createAdviser(log);
  const { reload, running } = createReload({
    ...{ load: loadSettings, log, settings },
    apply(next) {
      recorder.reconfigure(recorderSettings(next.config), next.rules.catalogue);
      inputs.reconfigure(next.config);
      tryExamples(next, clock, log);
      advise(next);
    },
    report: (success) => exposeReload(store, clock, success),
  });
  const web = createWebServer({
    ...{ store, recorder, catalogue, clock, log, build, scrapers, cut: state.commit, state: state.status },
    isReady: () => ready && inputs.isServing(),
    inputs: () => describeInputs(running().config),
    receive: inputs.receive,
    advice: () => adviceOn(running().config, running().rules.catalogue),
    reload: config.web.enable_lifecycle ? reload : undefined,
  });
  exposeBuild(store, build);
  exposeReload(store, clock, true);

  async function close(): Promise<void> {
    ready = false;
    await inputs.close();
    await web.close();
    // Last: what the others counted as they ended is kept, and nobody can be told of anything later.
    await state.close();
  }

  return {
    close,
    async start() {
      const webAddress = await listenOn('web.listen_address', config.web.listen_address, web);
      const proxyAddress = await inputs.start();
      // Not before the inputs know what they go on from: a write would forget it.
      state.begin({ ...inputs.parts, scrapers });
      ready = true;
      tryExamples(settings, clock, log);
      advise(settings);
      const drain = (): Promise<void> => {
        ready = false;
        return inputs.drain();
      };
      const proxyScheme = config.proxy?.tls === undefined ? 'http' : 'https';
      return { proxyAddress, proxyScheme, webAddress, reload, drain, close };
    },
  };
}

function tryExamples({ config, rules }: Settings, clock: Clock, log: Log): void {
  warnOfExamples(rules, { clock, log, providers: providerSettings(config) });
}

/** Logs what is worth a warning in a configuration, each thing once as long as it stays so. */
function createAdviser(log: Log): (settings: Settings) => void {
  let told: readonly string[] = [];
  return ({ config, rules }) => {
    const advice = adviceOn(config, rules.catalogue);
    for (const { setting, message } of advice) {
      if (!told.includes(message)) log.warn('a setting works and is likely to hurt', { setting, advice: message });
    }
    told = advice.map(({ message }) => message);
  };
}

function recorderSettings(config: Config): RecorderSettings {
  return { providers: providerSettings(config), modelLimit: config.limits.models };
}
