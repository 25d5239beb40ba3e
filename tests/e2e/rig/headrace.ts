import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Child } from './child.ts';
import { binary, folder } from './place.ts';

export interface Options {
  /** A folder that is there already; without it a new one. */
  data?: string;
  /** HOST:PORT; without it the system chooses the port. */
  listen?: string;
  args?: string[];
}

/** A Headrace is `headrace serve` with its data folder. */
export class Headrace {
  private constructor(
    readonly child: Child,
    readonly data: string,
    /** Where people reach it: "http://127.0.0.1:34567". */
    readonly url: string,
  ) {}

  /** start waits until the server takes visitors. */
  static async start(o: Options = {}): Promise<Headrace> {
    const data = o.data ?? join(folder('e2e'), 'data');
    const child = new Child('headrace serve', binary, ['--data', data, 'serve', '--listen', o.listen ?? '127.0.0.1:0', ...(o.args ?? [])], { env: { NO_COLOR: '1' } });
    const [, url] = await child.says(/(https?:\/\/127\.0\.0\.1:\d+)/);
    return new Headrace(child, data, url!);
  }

  /** The code for the first account, as the server printed it. */
  async setupCode(): Promise<string> {
    const [, code] = await this.child.says(/set-up code\W+([0-9a-z]{5}(?:-[0-9a-z]{5}){3})/i);
    return code!;
  }

  /** again starts a server that ended, at the same address with the same data. */
  again(): Promise<Headrace> {
    return Headrace.start({ data: this.data, listen: new URL(this.url).host });
  }

  stop(): Promise<unknown> {
    return this.child.stop();
  }

  /** kill cuts the power. */
  kill(): Promise<unknown> {
    return this.child.stop('SIGKILL');
  }

  /** cli runs a command with this server's data folder and gives what it printed; it fails when the command does. */
  cli(args: string[], input = ''): Promise<string> {
    return run(['--data', this.data, ...args], input);
  }
}

/** run runs one command of the binary. */
export function run(args: string[], input = ''): Promise<string> {
  return new Promise((done, failed) => {
    const child = spawn(binary, args, { env: { ...process.env, NO_COLOR: '1' } });
    const out = { text: '', trouble: '' };
    child.stdout.on('data', (b: Buffer) => (out.text += b.toString()));
    child.stderr.on('data', (b: Buffer) => (out.trouble += b.toString()));
    child.on('error', failed);
    child.on('close', (code) => (code === 0 ? done(out.text) : failed(new Error(`headrace ${args.join(' ')} ended with ${code}:\n${out.trouble}`))));
    child.stdin.end(input);
  });
}
