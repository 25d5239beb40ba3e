import './tree.css';
import { Num } from './exact';

/** How deep a tree is open at first. */
const openTo = 1;

/** Tree shows JSON as names and values that open and close; it is made of the browser's own details. */
export function Tree({ value, label }: { value: unknown; label: string }) {
  return <div className="tree mono" role="group" aria-label={label}><Node value={value} depth={0} /></div>;
}

function Node({ name, value, depth }: { name?: string; value: unknown; depth: number }) {
  const members = membersOf(value);
  if (!members) return <div className="leaf">{name !== undefined && <span className="name">{name}</span>}<Value of={value} /></div>;
  const inside = members.map(([k, v]) => <Node key={k} name={k} value={v} depth={depth + 1} />);
  if (name === undefined) return <>{inside}</>;
  const many = Array.isArray(value) ? `[${members.length}]` : `{${members.length}}`;
  return (
    <details open={depth <= openTo && members.length <= 20}>
      <summary><span className="name">{name}</span><span className="many">{many}</span></summary>
      <div className="inside">{inside}</div>
    </details>
  );
}

function membersOf(value: unknown): [string, unknown][] | null {
  if (typeof value !== 'object' || value === null || value instanceof Num) return null;
  const all = Object.entries(value);
  return all.length > 0 ? all : null;
}

function Value({ of: v }: { of: unknown }) {
  const text = typeof v === 'string' ? v : v instanceof Num ? v.text : JSON.stringify(v);
  return <span className="value" data-type={v === null ? 'null' : v instanceof Num ? 'number' : typeof v}>{text === '' ? '“”' : text}</span>;
}
