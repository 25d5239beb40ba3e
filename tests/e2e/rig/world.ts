import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Headrace } from './headrace.ts';
import type { Stage } from './journey.ts';
import { setUp } from './people.ts';
import { folder } from './place.ts';
import { Simulator } from './simulator.ts';
import type { Tab, View } from './tab.ts';

/** A World is a server with everything made: two credentials, the feed into files, a folder of documents into Copilot. */
export interface World {
  server: Headrace;
  sim: Simulator;
  out: string;
  documents: string;
}

/** furnished makes a world; scenario plays in its tenant, mode is what the flows begin as. */
export async function furnished(stage: Stage, scenario?: string): Promise<World> {
  const [server, sim] = await Promise.all([stage.own(Headrace.start()), stage.own(Simulator.start(scenario))]);
  const home = folder('world');
  const [out, documents] = [join(home, 'out'), join(home, 'documents')];
  [out, documents].forEach((f) => mkdirSync(f));
  for (const [name, text] of Object.entries({ 'restart.md': '# Restart the mill\n\nClose the sluice first.', 'oil.md': '# Oil the bearings\n\nEach month.' })) writeFileSync(join(documents, name), text);
  await server.cli(['apply', '-f', '-', '--yes'], yaml(sim, home, out, documents));
  return { server, sim, out, documents };
}

function yaml(sim: Simulator, home: string, out: string, documents: string): string {
  const endpoints = JSON.stringify(sim.endpoints);
  const credential = (name: string, type: string, app: string) => {
    const secret = join(home, `${app}.secret`);
    writeFileSync(secret, sim.app(app).secrets[0]!.Value, { mode: 0o600 });
    return `
apiVersion: headrace/v1
kind: Credential
metadata: { name: ${name}, description: "For the journeys" }
spec: { type: ${type}, cloud: custom, endpoints: ${endpoints}, tenantId: ${sim.tenant.id}, clientId: ${sim.app(app).clientId}, clientSecret: { ref: "file:${secret}" } }`;
  };
  return [
    credential('contoso-audit', 'office-365-management-api', 'collector'),
    credential('contoso-copilot', 'microsoft-365-copilot', 'connector'),
    `
apiVersion: headrace/v1
kind: Source
metadata: { name: contoso }
spec: { connector: office-365-management-api, credential: contoso-audit }`,
    `
apiVersion: headrace/v1
kind: Source
metadata: { name: handbook }
spec: { connector: file, path: ${documents} }`,
    `
apiVersion: headrace/v1
kind: Destination
metadata: { name: archive }
spec: { connector: file, path: ${out} }`,
    `
apiVersion: headrace/v1
kind: Destination
metadata: { name: runbooks }
spec:
  connector: microsoft-365-copilot
  credential: contoso-copilot
  connection: { id: runbooks, name: Runbooks, description: How to run the mill }
  item: { properties: { title: .title }, content: .text, acl: '[{accessType: "grant", type: "everyone", value: "everyone"}]' }`,
    `
apiVersion: headrace/v1
kind: Flow
metadata: { name: contoso-archive }
spec: { source: contoso, destination: archive, mode: append }`,
    `
apiVersion: headrace/v1
kind: Flow
metadata: { name: handbook-to-copilot }
spec: { source: handbook, destination: runbooks, mode: mirror }`,
  ].join('\n---');
}

/** resting makes a server on which everything is made and nothing goes on: what its pages show is the same each time, but for times. */
export async function resting(stage: Stage): Promise<Headrace> {
  const server = await stage.own(Headrace.start());
  const [client, tenant] = ['1b4f0a52-6d1e-4c0b-9d3a-5f2e7c8a9b10', '8f3a2b6c-0d4e-4f5a-8b7c-6d5e4f3a2b1c'];
  for (const [name, type] of [['contoso-audit', 'office-365-management-api'], ['contoso-copilot', 'microsoft-365-copilot']] as const)
    await server.cli(['credential', 'add', name, '--type', type, '--client-id', client, '--tenant-id', tenant, '--description', 'Security team, nightly', '--client-secret-stdin', '--no-test'], 'Q~8a-secret-that-nobody-made-000000000000');
  const make = [
    ['source', 'create', 'contoso', '--connector', 'office-365-management-api', '--credential', 'contoso-audit', '--paused'],
    ['source', 'create', 'handbook', '--connector', 'file', '--path', '/srv/handbook', '--paused'],
    ['destination', 'create', 'archive', '--connector', 'file', '--path', '/srv/archive'],
    ['flow', 'create', 'contoso-archive', '--source', 'contoso', '--destination', 'archive', '--transform', 'keep=.Workload != "OneDrive"', '--paused'],
  ];
  for (const args of make) await server.cli(args);
  return server;
}

/** visit opens a world, or a server on which nothing is made, as its administrator. */
export async function visit(stage: Stage, world: Pick<World, 'server'>, view?: View): Promise<Tab> {
  const tab = await stage.open(world.server, view);
  await tab.go('/');
  await setUp(tab, await world.server.setupCode());
  return tab;
}
