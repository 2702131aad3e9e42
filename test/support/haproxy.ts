import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type HttpProgram, startHttpProgram } from '../../src/demo/program/http-program.ts';
import { debianProgram } from '../../src/demo/programs.ts';
import { stablePort } from './stable-port.ts';
import { tempDir } from './temp-dir.ts';

export interface HaproxyOptions {
  /** Lines of the global section: `log …`. */
  readonly global: string;
  /** Further sections: `ring …`. */
  readonly sections?: string;
  /** Lines of the frontend, which answers everything with 200 unless they say otherwise. */
  readonly frontend?: string;
}

/** A real HAProxy on a free loopback port that logs every request, stopped when the test ends. */
export async function startHaproxy(
  t: TestContext,
  { global, sections = '', frontend = '' }: HaproxyOptions,
): Promise<HttpProgram> {
  const configFile = join(await tempDir(t), 'haproxy.cfg');
  const haproxy = await startHttpProgram({
    name: 'haproxy',
    command: await debianProgram('haproxy'),
    readyPath: '/-/ready',
    // It does not say when the port is its own: another program that was given it would look ready.
    preferredPort: await stablePort(),
    args: async (port) => {
      await writeFile(configFile, configuration(port, { global, sections, frontend }));
      // -db: in the foreground, as one process.
      return ['-db', '-f', configFile];
    },
  });
  t.after(() => haproxy.stop());
  return haproxy;
}

function configuration(port: number, { global, sections, frontend }: Required<HaproxyOptions>): string {
  return `
global
  ${global}

defaults
  mode http
  timeout client 10s
  timeout connect 10s
  timeout server 10s

${sections}

frontend web
  bind 127.0.0.1:${port}
  log global
  option httplog
  http-request set-log-level silent if { path /-/ready }
  ${frontend}
  http-request return status 200 content-type text/plain string ok

`;
}
