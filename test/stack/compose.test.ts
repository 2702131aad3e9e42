import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { configSchema } from '../../src/config/schema.ts';
import { debianProgram } from '../../src/demo/programs.ts';
import { eventually } from '../support/eventually.ts';
import { runCli } from '../support/exporter.ts';
import { startProcess } from '../support/processes.ts';
import { stablePort } from '../support/stable-port.ts';
import { tempDir } from '../support/temp-dir.ts';

/** What docker-compose.yml says of a service, as far as the tests look. */
interface Service {
  readonly image: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly network_mode?: string;
}

// The structure is asserted below, field by field.
const compose = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
};
const services = Object.entries(compose.services);

const commandOf = (name: string): readonly string[] => compose.services[name]?.command ?? [];

/** There is no Docker engine where these tests run: each command line is run by hand, with the container's paths mapped. */
describe('docker-compose.yml', () => {
  test('has the whole chain', () => {
    const names = services.map(([name]) => name).sort();
    assert.deepEqual(names, ['alertmanager', 'exporter', 'grafana', 'notifications', 'prometheus', 'simulate']);
  });

  test('pins every image, mounts only what exists, and publishes on loopback only', () => {
    for (const [name, { image, volumes = [], ports = [] }] of services) {
      assert.match(image, /^[\w./-]+:v?\d+\.\d+\.\d+$/, name);
      for (const port of ports) assert.match(port, /^127\.0\.0\.1:\d+:\d+$/, name);
      for (const volume of volumes) {
        const [source = ''] = volume.split(':');
        assert.ok(source.startsWith('./') ? existsSync(source) : source in compose.volumes, `${name}: ${source}`);
      }
    }
  });

  test('builds our image from files that exist, with the Node.js version that is tested', () => {
    const dockerfile = readFileSync('Dockerfile', 'utf8');
    const { devDependencies, version } = JSON.parse(readFileSync('package.json', 'utf8'));
    const bases = [...dockerfile.matchAll(/^FROM node:(\S+)-slim/gm)].map(([, tag]) => tag);
    assert.deepEqual(bases, [devDependencies.node, devDependencies.node]);
    for (const [, paths = ''] of dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)) {
      for (const path of paths.split(' ')) assert.ok(existsSync(path), path);
    }
    const ours = services.filter(([, { build }]) => build !== undefined);
    assert.deepEqual(new Set(ours.map(([, { image }]) => image)), new Set([`llm-exporter:${version}`]));
  });

  test('keeps the state of the exporter in a volume, where it is put by default and may be written', () => {
    const dockerfile = readFileSync('Dockerfile', 'utf8');
    const [workdir = ''] = [...dockerfile.matchAll(/^WORKDIR (.+)$/gm)].map(([, path]) => path).slice(-1);
    const folder = join(workdir, configSchema.parse({}).state.dir);
    assert.deepEqual(compose.services.exporter?.volumes, [`exporter-data:${folder}`]);
    assert.match(dockerfile, new RegExp(`-o 1000 -g 1000 ${folder}\\nVOLUME ${folder}\\n`));
  });

  test('runs simulate, exporter and notifications with these command lines', async (t) => {
    const [api, proxy, web] = [await stablePort(), await stablePort(), await stablePort()];
    const onLoopback = (command: readonly string[]) =>
      command.map((part) =>
        part
          .replace('address=:8504', `address=127.0.0.1:${api}`)
          .replace('address=:8503', `address=127.0.0.1:${proxy}`)
          .replace('address=:9503', `address=127.0.0.1:${web}`)
          .replace('address=127.0.0.1:5001', 'address=127.0.0.1:0')
          .replace('http://simulate:8504', `http://127.0.0.1:${api}`)
          .replace('http://exporter:8503', `http://127.0.0.1:${proxy}`),
      );
    const exporter = runCli(t, [...onLoopback(commandOf('exporter')), '--state.sync=off']);
    const simulate = runCli(t, onLoopback(commandOf('simulate')));
    const notifications = runCli(t, onLoopback(commandOf('notifications')));
    await eventually(async () => {
      const text = await (await fetch(`http://127.0.0.1:${web}/metrics`)).text();
      assert.match(
        text,
        /llm_requests_total\{provider="simulated",model="[^"]+",code="200",cause="none",stream="\w+"\} [1-9]/,
      );
    });
    await eventually(() => assert.match(notifications.stderr(), /waiting for notifications/));
    for (const run of [exporter, simulate, notifications]) assert.equal(run.child.exitCode, null, run.stderr());
  });

  test('gives Prometheus a configuration and flags that it accepts', async (t) => {
    const folder = await tempDir(t);
    const mounted = mountsOf('prometheus', '/etc/prometheus/');
    for (const [source, target] of mounted) await cp(source, join(folder, target));
    const config = join(folder, 'prometheus.yml');
    await writeFile(config, (await readFile(config, 'utf8')).replaceAll('/etc/prometheus/', `${folder}/`));
    const port = await stablePort();
    startProcess(t, {
      command: await debianProgram('prometheus'),
      args: [
        ...commandOf('prometheus').map((part) =>
          part.replace('/etc/prometheus/', `${folder}/`).replace(/=\/prometheus$/, `=${folder}/data`),
        ),
        `--web.listen-address=127.0.0.1:${port}`,
      ],
    });
    await eventually(async () => {
      const response = await fetch(`http://127.0.0.1:${port}/api/v1/rules`);
      const { data } = (await response.json()) as { readonly data: { readonly groups: readonly unknown[] } };
      assert.ok(data.groups.length >= 2);
    });
  });

  test('gives Alertmanager a configuration and flags that it accepts', async (t) => {
    const folder = await tempDir(t);
    const port = await stablePort();
    startProcess(t, {
      command: await debianProgram('alertmanager'),
      args: [
        ...commandOf('alertmanager').map((part) =>
          part.replace('/etc/alertmanager/', 'alerts/alertmanager/').replace(/=\/alertmanager$/, `=${folder}`),
        ),
        `--web.listen-address=127.0.0.1:${port}`,
        '--cluster.listen-address=',
      ],
    });
    await eventually(async () => {
      const response = await fetch(`http://127.0.0.1:${port}/api/v2/status`);
      const { config } = (await response.json()) as { readonly config: { readonly original: string } };
      assert.match(config.original, /llm-critical/);
    });
  });

  test('gives Grafana provisioning files whose folders and addresses are those of the other services', () => {
    const mounted = new Map(mountsOf('grafana', '/'));
    assert.equal(mounted.get('./dashboards'), 'var/lib/grafana/dashboards');
    const dashboards = readFileSync('dashboards/provisioning/dashboards/llm-exporter.yml', 'utf8');
    assert.equal(parse(dashboards).providers[0].options.path, '/var/lib/grafana/dashboards');
    const datasources = readFileSync('dashboards/provisioning/datasources/prometheus.yml', 'utf8');
    assert.equal(parse(datasources).datasources[0].url, 'http://prometheus:9090');
  });
});

/** What a service mounts, as [path here, path below `prefix`]. */
function mountsOf(name: string, prefix: string): (readonly [string, string])[] {
  return (compose.services[name]?.volumes ?? []).flatMap((volume) => {
    const [source = '', target = ''] = volume.split(':');
    return source.startsWith('./') && target.startsWith(prefix) ? [[source, target.slice(prefix.length)] as const] : [];
  });
}
