import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type HttpProgram, type HttpProgramOptions, startHttpProgram } from './program/http-program.ts';
import { debianProgram } from './programs.ts';

const labels = z.record(z.string(), z.string());
const alertsSchema = z.array(
  z.object({
    labels,
    annotations: labels,
    status: z.object({
      state: z.enum(['unprocessed', 'active', 'suppressed']),
      inhibitedBy: z.array(z.string()),
      silencedBy: z.array(z.string()),
    }),
  }),
);

export type AlertmanagerAlert = Readonly<z.output<typeof alertsSchema>[number]>;

export interface Alertmanager extends HttpProgram {
  /** What it knows of now; `suppressed` are those that an inhibition or a silence holds back. */
  alerts(): Promise<readonly AlertmanagerAlert[]>;
}

export interface AlertmanagerOptions extends Pick<HttpProgramOptions, 'clock' | 'preferredPort'> {
  /** Configuration and data are written here. */
  readonly folder: string;
  /** Text of alertmanager.yml. */
  readonly configuration: string;
  /** Text of `templates/llm.tmpl`. */
  readonly template?: string;
  /** By default from PATH or Debian. */
  readonly program?: string;
}

/** Starts a real Alertmanager on loopback, alone. Throws a ProblemError when it is missing or refuses its configuration. */
export async function startAlertmanager(options: AlertmanagerOptions): Promise<Alertmanager> {
  const { folder, configuration, template = '' } = options;
  const configFile = join(folder, 'alertmanager.yml');
  await mkdir(join(folder, 'templates'), { recursive: true });
  await writeFile(join(folder, 'templates', 'llm.tmpl'), template);
  await writeFile(configFile, configuration);
  const program = await startHttpProgram({
    ...options,
    name: 'alertmanager',
    command: options.program ?? (await debianProgram('alertmanager')),
    readyPath: '/-/ready',
    listeningOutput: /Listening on/,
    args: async (port) => [
      `--config.file=${configFile}`,
      `--storage.path=${join(folder, 'alertmanager-data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      // No gossip: with it Alertmanager looks for a private address of this machine, and may not find one.
      '--cluster.listen-address=',
    ],
  });
  return {
    ...program,
    alerts: async () => alertsSchema.parse(await (await fetch(`${program.url}/api/v2/alerts`)).json()),
  };
}
