import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type HttpProgram, startHttpProgram } from '../../src/demo/program/http-program.ts';
import { debianProgram } from '../../src/demo/programs.ts';
import { stablePort } from './stable-port.ts';
import { tempDir } from './temp-dir.ts';

export interface NginxOptions {
  /** Directives of the server: `location / { proxy_pass …; }` */
  readonly server: string;
  /** Directives of the http block: `log_format …;`. Relative paths lie in `folder`. */
  readonly http?: string;
}

export interface Nginx extends HttpProgram {
  /** Its prefix: `access_log access.log` is written here. */
  readonly folder: string;
}

/** A real nginx on a free loopback port, as one process in a folder of its own, stopped when the test ends. */
export async function startNginx(t: TestContext, { server, http = '' }: NginxOptions): Promise<Nginx> {
  const folder = await tempDir(t);
  const configFile = join(folder, 'nginx.conf');
  const nginx = await startHttpProgram({
    name: 'nginx',
    command: await debianProgram('nginx'),
    readyPath: '/-/ready',
    // It does not say when the port is its own: another program that was given it would look ready.
    preferredPort: await stablePort(),
    args: async (port) => {
      await writeFile(configFile, configuration(port, server, http));
      return ['-p', folder, '-c', configFile, '-e', 'stderr'];
    },
  });
  t.after(() => nginx.stop());
  return { ...nginx, folder };
}

/** Everything nginx writes goes to its prefix: the paths built into Debian's nginx belong to root. */
function configuration(port: number, server: string, http: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`);
  return `
daemon off;
pid nginx.pid;
error_log stderr warn;
events {}
http {
  access_log off;
  ${temporary.join('\n  ')}
  ${http}
  server {
    listen 127.0.0.1:${port};
    location = /-/ready { access_log off; return 200; }
    ${server}
  }
}
`;
}
