import './diff.css';
import { ScrollArea, Text, VisuallyHidden } from '@mantine/core';
import { plural } from '@/number';
import { changes, diff, type Row } from './diff';

interface Props {
  left: unknown;
  right: unknown;
  /** What stands left and right: "Before", "After". */
  names: [string, string];
  height?: number;
}

/** DiffView shows two JSON values side by side, what differs marked by a sign and a colour. Where the page is narrow the sides follow one another line by line. */
export function DiffView({ left, right, names, height = 460 }: Props) {
  const rows = diff(left, right);
  const n = changes(rows);
  return (
    <div>
      <Text size="xs" c="dimmed" mb={4}>{n === 0 ? `${names[0]} and ${names[1].toLowerCase()} are the same.` : `${plural(n, 'line differs', 'lines differ')}: − only ${names[0].toLowerCase()}, + only ${names[1].toLowerCase()}, ~ changed.`}</Text>
      <ScrollArea.Autosize mah={height} className="panel" type="auto" viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': `${names[0]} and ${names[1].toLowerCase()}, line by line` }}>
        <table className="diff">
          <thead><tr><th scope="col">{names[0]}</th><th scope="col">{names[1]}</th></tr></thead>
          <tbody>{rows.map((r, i) => <tr key={i} data-sign={r.sign}><Side row={r} side="left" /><Side row={r} side="right" /></tr>)}</tbody>
        </table>
      </ScrollArea.Autosize>
    </div>
  );
}

const words = { '-': 'removed: ', '+': 'added: ', '~': 'changed: ', ' ': '' };

function Side({ row, side }: { row: Row; side: 'left' | 'right' }) {
  const line = row[side];
  const sign = row.sign === '~' ? '~' : side === 'left' && row.sign === '-' ? '−' : side === 'right' && row.sign === '+' ? '+' : ' ';
  return (
    <td data-side={side} data-none={line === undefined || undefined}>
      {line !== undefined && <><span aria-hidden className="diff-sign">{sign}</span>{sign !== ' ' && <VisuallyHidden>{words[row.sign]}</VisuallyHidden>}{line}</>}
    </td>
  );
}
