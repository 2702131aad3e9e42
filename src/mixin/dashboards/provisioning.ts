import { type MixinSettings, scaled } from '../settings/settings.ts';
import { yamlFile } from '../yaml-file.ts';

/** Grafana's provisioning files, for `/etc/grafana/provisioning`; the dashboards go to `/var/lib/grafana/dashboards`. */
export function renderProvisioning(settings: MixinSettings): ReadonlyMap<string, string> {
  return new Map([
    ['dashboards/provisioning/dashboards/llm-exporter.yml', dashboardsFile()],
    ['dashboards/provisioning/datasources/prometheus.yml', datasourcesFile(settings)],
  ]);
}

function dashboardsFile(): string {
  return yamlFile({
    apiVersion: 1,
    providers: [
      {
        name: 'llm-exporter',
        folder: 'LLM',
        folderUid: 'llm-exporter',
        type: 'file',
        disableDeletion: true,
        allowUiUpdates: false,
        updateIntervalSeconds: 30,
        options: { path: '/var/lib/grafana/dashboards', foldersFromFilesStructure: false },
      },
    ],
  });
}

function datasourcesFile(settings: MixinSettings): string {
  return yamlFile(
    {
      apiVersion: 1,
      datasources: [
        {
          name: 'Prometheus',
          uid: 'prometheus',
          type: 'prometheus',
          access: 'proxy',
          url: 'http://prometheus:9090',
          isDefault: true,
          editable: false,
          // Grafana takes 15 s for the scrape interval unless told; graphs are empty where it is longer.
          jsonData: { timeInterval: scaled(settings, settings.scrapeIntervalSeconds), httpMethod: 'POST' },
        },
      ],
    },
    'The address is that of docker-compose.yml.',
  );
}
