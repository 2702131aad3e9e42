import { Command, InvalidArgumentError } from 'commander';
import { addressUrl, type ListenAddress } from '../config/units.ts';
import { startTraffic } from '../demo/traffic.ts';
import { createLog } from '../log.ts';
import { ProblemError } from '../problem.ts';
import { type Fault, parseFault } from '../simulate/faults.ts';
import { createSimulator } from '../simulate/simulator.ts';
import { durationMs, list, listenAddress, nonNegative, option } from './arguments.ts';
import type { CliContext } from './context.ts';
import { stopSignal } from './stop-signal.ts';

const LISTEN: ListenAddress = { host: '127.0.0.1', port: 8504 };

interface SimulateFlags {
  readonly listenAddress: ListenAddress;
  readonly fault: readonly Fault[];
  readonly models: readonly string[];
  readonly latency: number;
  readonly tokensPerSecond: number;
  readonly gatewayTimeout: number;
  readonly requireKey?: true;
  readonly seed: number;
  readonly drive?: string;
}

const EXAMPLE = `
Example: three requests in ten meet surge protection, and whole answers of one model run into the gateway's timeout
  llm-exporter simulate --fault cause=surge_protection,rate=0.3 \\
    --fault cause=gateway_timeout_long_generation,model=slow,stream=false

What fails can be changed while it runs, and each request may bring its own fault:
  curl -X PUT 127.0.0.1:8504/-/faults -d '[{"cause": "model_overloaded", "rate": 0.5, "afterTokens": 3}]'
  curl -X DELETE 127.0.0.1:8504/-/faults
  curl 127.0.0.1:8504/v1/chat/completions -H 'x-simulate-cause: rate_limit_tpm' -d '{"model": "any"}'

A fault has: cause (see llm-exporter's catalogue), rate (0 to 1), model, stream (true or false), afterMs (delay), and
afterTokens (streams begin well and carry the error after so many tokens).`;

/** `simulate`: an LLM API that fails on demand, until a signal ends it. */
export function simulateCommand(context: CliContext): Command {
  return new Command('simulate')
    .description("run an LLM API that fails on demand: OpenAI's and Anthropic's calls, streamed or not")
    .addOption(
      option('--listen-address <address>', 'where it listens', listenAddress).default(LISTEN, '127.0.0.1:8504'),
    )
    .addOption(
      option('--fault <fault>', 'what fails, such as surge_protection,rate=0.3; repeatable', addFault).default(
        [],
        'none',
      ),
    )
    .addOption(option('--models <names>', 'models that exist, separated by commas', list).default([], 'every name'))
    .addOption(option('--latency <duration>', 'time before the first token', durationMs).default(0, '0s'))
    .option('--tokens-per-second <number>', 'speed of an answer; 0 is all at once', nonNegative, 0)
    .addOption(
      option('--gateway-timeout <duration>', 'a whole answer that takes longer becomes a 504', durationMs).default(
        60_000,
        '60s',
      ),
    )
    .option('--require-key', 'answer 401 to requests without an API key')
    .option('--seed <number>', 'the same seed gives the same answers and failures', nonNegative, 1)
    .option('--drive <url>', 'also send a steady load to this base URL, such as http://127.0.0.1:8503', baseUrl)
    .addHelpText('after', EXAMPLE)
    .action((flags: SimulateFlags) => simulate(flags, context));
}

async function simulate(flags: SimulateFlags, context: CliContext): Promise<void> {
  const { clock } = context;
  const log = createLog();
  const simulator = createSimulator({
    clock,
    log,
    seed: flags.seed,
    models: flags.models,
    requireKey: flags.requireKey ?? false,
    faults: flags.fault,
    latencyMs: flags.latency,
    tokensPerSecond: flags.tokensPerSecond,
    gatewayTimeoutMs: flags.gatewayTimeout,
  });
  const address = await simulator.listen(flags.listenAddress);
  log.info('simulated API is listening', { address: `${addressUrl(address)}/v1`, faults: flags.fault.length });
  const traffic = flags.drive === undefined ? undefined : startTraffic({ ...driven(flags), url: flags.drive, clock });
  await stopSignal(context);
  await traffic?.stop();
  await simulator.close();
}

function driven({ models, seed }: SimulateFlags) {
  return models.length > 0 ? { models, seed } : { seed };
}

function baseUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:/.test(text)) {
    throw new InvalidArgumentError(`${text} is no http:// or https:// URL.`);
  }
  return text.replace(/\/$/, '');
}

function addFault(text: string, before: readonly Fault[]): readonly Fault[] {
  try {
    return [...before, parseFault(text)];
  } catch (error) {
    if (error instanceof ProblemError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}
