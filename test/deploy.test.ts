// The deployment examples, as far as they can be checked without Docker: the YAML parses, the command knows every flag, containers run as an
// ordinary user, and what the Dockerfile copies and starts is there. Nobody builds an image here.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { MINIMUM_SERVER_VERSION } from '../src/temporal/server-version.js';

const root = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const help = execFileSync(process.execPath, [join(root, 'dist/src/cli/main.js'), 'worker', '--help'], {
  encoding: 'utf8',
});
const dockerfile = read('Dockerfile');

interface Container {
  args: string[];
  securityContext: object;
  volumeMounts: { name: string; mountPath: string }[];
}
interface Manifest {
  kind: string;
  metadata: { name: string };
  spec: {
    template: {
      spec: { securityContext: object; containers: Container[]; terminationGracePeriodSeconds: number };
    };
  };
}

/** What a container calls: `worker` with flags that it knows, on the folders that the image has. */
function expectWorkerCall(words: string[]): void {
  expect(words[0]).toBe('worker');
  const flags = words.filter((word) => word.startsWith('--'));
  expect(flags.filter((flag) => !help.includes(`${flag} `) && !help.includes(`${flag}\n`))).toEqual([]);
  expect(words.join(' ')).toMatch(/--store \/store --data \/data/);
}

describe('Dockerfile', () => {
  it('copies what is there, and starts the command that the package has, as an ordinary user', () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names]) => names!.split(' '));
    expect(copied.length).toBeGreaterThan(0);
    expect(copied.filter((name) => !existsSync(join(root, name)))).toEqual([]);
    const [, words] = /^ENTRYPOINT (.+)$/m.exec(dockerfile)!;
    const [, program] = JSON.parse(words!) as string[];
    const manifest = JSON.parse(read('package.json')) as { bin: { finetune: string } };
    expect(program).toBe(`/app/node_modules/temporal-finetune/${manifest.bin.finetune}`);
    expect(dockerfile.indexOf('USER node')).toBeLessThan(dockerfile.indexOf('ENTRYPOINT'));
    expect(dockerfile).toMatch(/^FROM node:20-bookworm-slim$/m);
    expectWorkerCall(JSON.parse(/^CMD (.+)$/m.exec(dockerfile)![1]!) as string[]);
  });

  it('asks for the peers that the package names', () => {
    const { peerDependencies } = JSON.parse(read('package.json')) as { peerDependencies: Record<string, string> };
    const asked = [...dockerfile.matchAll(/(@temporalio\/\w+)@/g)].map(([, name]) => name);
    expect(asked.sort()).toEqual(
      Object.keys(peerDependencies)
        .filter((name) => !name.endsWith('/testing'))
        .sort(),
    );
  });
});

describe('deploy/compose.yaml', () => {
  const { services } = parse(read('deploy/compose.yaml')) as {
    services: Record<string, { image?: string; command?: string[]; ports?: string[]; environment?: object }>;
  };

  it('has a server that is new enough, on PostgreSQL, and publishes nothing beyond this machine', () => {
    const version = /:(\d+\.\d+)/.exec(services.temporal!.image!)![1]!;
    expect(MINIMUM_SERVER_VERSION.startsWith(version)).toBe(true);
    expect(services.temporal!.environment).toMatchObject({ DB: 'postgres12', POSTGRES_SEEDS: 'postgresql' });
    const ports = Object.values(services).flatMap((service) => service.ports ?? []);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  it('runs the two Workers with flags that the command knows', () => {
    for (const name of ['worker', 'trainer']) expectWorkerCall(services[name]!.command!);
  });
});

describe('deploy/kubernetes/workers.yaml', () => {
  const manifests = parseAllDocuments(read('deploy/kubernetes/workers.yaml')).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Manifest;
  });
  const deployments = manifests.filter(({ kind }) => kind === 'Deployment');

  it('runs Workers as an ordinary user, with flags that the command knows and time to save', () => {
    expect(deployments.map(({ metadata }) => metadata.name)).toEqual(['finetune-worker', 'finetune-trainer']);
    for (const { spec } of deployments) {
      const { securityContext, containers, terminationGracePeriodSeconds } = spec.template.spec;
      expect(securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 });
      expect(terminationGracePeriodSeconds).toBeGreaterThanOrEqual(30);
      for (const { args, volumeMounts } of containers) {
        expectWorkerCall(args);
        expect(volumeMounts.map(({ mountPath }) => mountPath)).toEqual(['/store', '/data']);
      }
    }
  });

  it('names the image by the version of the package', () => {
    const { name, version } = JSON.parse(read('package.json')) as { name: string; version: string };
    const images = [...read('deploy/kubernetes/workers.yaml').matchAll(/(?:image:|build -t) (\S+)/g)].map(
      ([, tag]) => tag,
    );
    expect(new Set(images)).toEqual(new Set([`${name}:${version}`]));
  });

  it('claims the volumes that it mounts', () => {
    const claims = manifests
      .filter(({ kind }) => kind === 'PersistentVolumeClaim')
      .map(({ metadata }) => metadata.name);
    const used = [...read('deploy/kubernetes/workers.yaml').matchAll(/claimName: (\S+) /g)].map(([, name]) => name);
    expect([...new Set(used)].sort()).toEqual(claims.sort());
  });
});
