import { spawn, type ChildProcess } from 'node:child_process';
import { slowness } from './place.ts';

/** How long a program may take to say what is waited for. */
const patience = 30_000 * slowness;

const alive = new Set<ChildProcess>();

// Whatever ends this process, what it started ends with it.
process.on('exit', () => alive.forEach((p) => p.kill('SIGKILL')));

export interface Start {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
}

/** A Child is a program of ours that runs beside the tests. */
export class Child {
  /** Everything that it said, on both streams, in order of arrival. */
  output = '';
  private readonly process: ChildProcess;
  private readonly told = new Set<() => void>();
  /** Ends with the exit code, or the signal's name. */
  readonly ended: Promise<number | NodeJS.Signals>;
  private end: number | NodeJS.Signals | undefined;

  constructor(
    readonly name: string,
    command: string,
    args: string[],
    o: Start = {},
  ) {
    this.process = spawn(command, args, { cwd: o.cwd, env: { ...process.env, ...o.env }, stdio: ['ignore', 'pipe', 'pipe'] });
    alive.add(this.process);
    const take = (text: Buffer) => {
      this.output += text.toString();
      this.tell();
    };
    this.process.stdout?.on('data', take);
    this.process.stderr?.on('data', take);
    this.ended = new Promise((done) => {
      this.process.on('error', (e) => {
        this.output += `\n${e.message}\n`;
        this.finish(127, done);
      });
      this.process.on('close', (code, signal) => this.finish(code ?? signal ?? 0, done));
    });
  }

  /** says waits until the output matches. It fails when the program ends before, or is silent for too long. */
  async says(pattern: RegExp, ms = patience): Promise<RegExpExecArray> {
    const late = AbortSignal.timeout(ms);
    for (;;) {
      const found = pattern.exec(this.output);
      if (found) return found;
      if (this.end !== undefined) throw new Error(`${this.name} ended with ${this.end} before it said ${pattern}:\n${this.tail()}`);
      if (late.aborted) throw new Error(`${this.name} did not say ${pattern} within ${ms / 1000} s:\n${this.tail()}`);
      await this.next(late);
    }
  }

  /** stop asks the program to end, and waits for it. */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals> {
    if (this.end === undefined) this.process.kill(signal);
    return this.ended;
  }

  /** The last lines of what it said. */
  tail(lines = 30): string {
    return this.output.trimEnd().split('\n').slice(-lines).join('\n');
  }

  private next(late: AbortSignal): Promise<void> {
    return new Promise((done) => {
      const go = () => {
        this.told.delete(go);
        late.removeEventListener('abort', go);
        done();
      };
      this.told.add(go);
      late.addEventListener('abort', go);
    });
  }

  private finish(end: number | NodeJS.Signals, done: (end: number | NodeJS.Signals) => void): void {
    if (this.end !== undefined) return;
    this.end = end;
    alive.delete(this.process);
    done(end);
    this.tell();
  }

  private tell(): void {
    this.told.forEach((go) => go());
  }
}
