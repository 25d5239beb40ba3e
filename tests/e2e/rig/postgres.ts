import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const script = fileURLToPath(new URL('../../../scripts/postgres', import.meta.url));
const call = promisify(execFile);

/** A Postgres is a throw-away PostgreSQL server that can be taken away and given back. */
export class Postgres {
  private constructor(readonly url: string) {}

  static async start(): Promise<Postgres> {
    const { stdout } = await call(script, ['start']);
    return new Postgres(stdout.trim());
  }

  /** halt ends the server as a crash does; what is in it stays. */
  async halt(): Promise<void> {
    await call(script, ['halt', this.url]);
  }

  async resume(): Promise<void> {
    await call(script, ['resume', this.url]);
  }

  /** query runs a statement in the database of the journey: for what would take too long to wait for. */
  async query(statement: string): Promise<void> {
    await call('psql', ['--quiet', '--set=ON_ERROR_STOP=1', '--command', statement, this.url]);
  }

  async stop(): Promise<void> {
    await call(script, ['stop', this.url]);
  }
}
