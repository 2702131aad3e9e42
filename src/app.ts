import type { Readable } from 'node:stream';
import type { BuildInfo } from './build-info.ts';
import { loadCatalogue } from './classify/catalogue.ts';
import type { Clock } from './clock.ts';
import { adviceOn } from './config/advice.ts';
import { describeInputs } from './config/inputs.ts';
import { listenOn } from './config/listen.ts';
import { providerSettings } from './config/providers.ts';
import { createReload } from './config/reload.ts';
import type { Config } from './config/schema.ts';
import type { ListenAddress } from './config/units.ts';
import { checkInputs, createInputs } from './input/inputs.ts';
import type { Log } from './log.ts';
import { exposeBuild, exposeReload } from './metrics/record/info.ts';
import { createRecorder, type RecorderSettings } from './metrics/record/recorder.ts';
import { createStore } from './metrics/store.ts';
import type { Problem } from './problem.ts';
import { warnOfExamples } from './rules/examples.ts';
import { type LoadedRules, loadRules } from './rules/load-rules.ts';
import { createWebServer } from './server/server.ts';

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
  readonly webAddress: ListenAddress;
  /** Takes up a changed configuration; one with problems changes nothing. Answers with the problems. */
  reload(): readonly Problem[];
  /** No new requests; resolves when the running ones have ended or `proxy.drain_timeout` has passed. */
  drain(): Promise<void>;
  /** Ends everything now; requests that still run are cut, and counted. */
  close(): Promise<void>;
}

interface Settings {
  readonly config: Config;
  readonly rules: LoadedRules;
}

/** Builds the parts, joins them, and listens. Throws a ProblemError when the configuration or a port is of no use. */
export async function startApp({ load, clock, log, build, stdin }: AppOptions): Promise<RunningApp> {
  const builtIn = loadCatalogue();
  const loadSettings = (): Settings => {
    const config = load();
    checkInputs(config);
    return { config, rules: loadRules(config.classify.rules_file, builtIn) };
  };
  const settings = loadSettings();
  const { config } = settings;
  const { catalogue } = settings.rules;
  let ready = false;
  const store = createStore({ clock, limits: { series: config.limits.series } });
  const recorder = createRecorder({ store, catalogue, clock, settings: recorderSettings(config) });
  const inputs = createInputs({ config, sink: recorder, clock, log, stdin });
  const tryExamples = ({ config, rules }: Settings) =>
    warnOfExamples(rules, { clock, log, providers: providerSettings(config) });
  const advise = createAdviser(log);
  const { reload, running } = createReload({
    load: loadSettings,
    log,
    settings,
    apply(next) {
      recorder.reconfigure(recorderSettings(next.config), next.rules.catalogue);
      inputs.reconfigure(next.config);
      tryExamples(next);
      advise(next.config);
    },
    report: (success) => exposeReload(store, clock, success),
  });
  const web = createWebServer({
    ...{ store, recorder, catalogue, clock, log, build },
    birth: config.metrics.birth,
    isReady: () => ready,
    inputs: () => describeInputs(running().config),
    advice: () => adviceOn(running().config),
    reload: config.web.enable_lifecycle ? reload : undefined,
  });
  const close = async (): Promise<void> => {
    ready = false;
    await inputs.close();
    await web.close();
  };

  exposeBuild(store, build);
  exposeReload(store, clock, true);
  try {
    const webAddress = await listenOn('web.listen_address', config.web.listen_address, web);
    const proxyAddress = await inputs.start();
    ready = true;
    tryExamples(settings);
    advise(config);
    const drain = (): Promise<void> => {
      ready = false;
      return inputs.drain();
    };
    return { proxyAddress, webAddress, reload, drain, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Logs what is worth a warning in a configuration, each thing once as long as it stays so. */
function createAdviser(log: Log): (config: Config) => void {
  let told: readonly string[] = [];
  return (config) => {
    const advice = adviceOn(config);
    for (const { setting, message } of advice) {
      if (!told.includes(message)) log.warn('a setting works and is likely to hurt', { setting, advice: message });
    }
    told = advice.map(({ message }) => message);
  };
}

function recorderSettings(config: Config): RecorderSettings {
  return { providers: providerSettings(config), modelLimit: config.limits.models };
}
