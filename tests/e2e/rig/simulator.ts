import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { Child } from './child.ts';
import { binary, folder } from './place.ts';

/** An App is one that is registered in the tenant. */
export interface App {
  name: string;
  clientId: string;
  secrets: { ID: string; Value: string; Expires: string }[];
}

/** What the simulator tells of itself; `apps` are the audit feed's reader and Copilot's writer. */
interface Told {
  url: string;
  login: string;
  management: string;
  graph: string;
  ca: string;
  tenants: { name: string; id: string; domain: string; clientId: string; clientSecret: string; apps: App[] }[];
}

/** A Simulator plays a Microsoft 365 tenant on loopback. */
export class Simulator {
  private constructor(
    readonly child: Child,
    readonly told: Told,
    private readonly ca: Buffer,
  ) {}

  /** start plays a scenario (YAML). */
  static async start(scenario = 'content: { events: 300, history: 1d }\n'): Promise<Simulator> {
    const home = folder('tenant');
    const file = join(home, 'scenario.yaml');
    writeFileSync(file, scenario);
    const child = new Child('headrace simulate', binary, ['simulate', '--json', '--scenario', file, '--ca', join(home, 'ca.pem')]);
    const [line] = await child.says(/^\{.*"tenants":.*\}$/m);
    const told = JSON.parse(line) as Told;
    return new Simulator(child, told, readFileSync(told.ca));
  }

  get tenant() {
    return this.told.tenants[0]!;
  }

  /** app gives one of the tenant's apps: "collector" reads the audit feed, "connector" writes to Copilot. */
  app(name: string): App {
    const app = this.tenant.apps.find((a) => a.name === name);
    if (!app) throw new Error(`the tenant has no app ${name}: ${JSON.stringify(this.tenant.apps)}`);
    return app;
  }

  /** The endpoints of a credential of the cloud `custom`. */
  get endpoints() {
    return { login: this.told.login, management: this.told.management, graph: this.told.graph, ca: this.told.ca };
  }

  /** ask calls one of the simulator's own paths, below /_sim/. */
  ask(path: string, body?: unknown): Promise<string> {
    return new Promise((done, failed) => {
      const r = request(`${this.told.url}/_sim/${path}`, { ca: this.ca, method: body === undefined ? 'GET' : 'POST' }, (answer) => {
        let text = '';
        answer.on('data', (b: Buffer) => (text += b.toString()));
        answer.on('end', () => (answer.statusCode! < 300 ? done(text) : failed(new Error(`${path}: ${answer.statusCode} ${text}`))));
      });
      r.on('error', failed);
      r.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
    });
  }

  /** items gives what stands in a connection of the simulated Copilot. */
  async items(connection: string): Promise<{ id: string; body: { properties: Record<string, unknown>; content?: { value: string }; acl: unknown[] } }[]> {
    const text = await this.ask(`graph/items?connection=${connection}`);
    return text.split('\n').filter(Boolean).map((l) => JSON.parse(l));
  }

  stop(): Promise<unknown> {
    return this.child.stop();
  }
}
