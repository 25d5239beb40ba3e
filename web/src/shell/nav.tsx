import { Badge, VisuallyHidden } from '@mantine/core';
import { Link, useRouterState } from '@tanstack/react-router';
import { useCounts } from './counts';
import { menu, type Entry } from './menu';

/** Nav is the left menu. `onGo` closes it where it lies over the page. */
export function Nav({ onGo }: { onGo: () => void }) {
  return (
    <nav aria-label="Main" className="nav">
      {menu.map((group, i) => (
        <div key={group.title ?? i} role="group" aria-label={group.title}>
          {group.title && <h2 aria-hidden>{group.title}</h2>}
          {group.entries.map((e) => <Item key={e.to} entry={e} onGo={onGo} />)}
        </div>
      ))}
    </nav>
  );
}

function Item({ entry, onGo }: { entry: Entry; onGo: () => void }) {
  const path = useRouterState({ select: (s) => s.location.pathname });
  const counts = useCounts();
  const here = entry.to === '/' ? path === '/' : path === entry.to || path.startsWith(`${entry.to}/`);
  const count = entry.count ? counts[entry.count] : undefined;
  const Icon = entry.icon;
  return (
    <Link to={entry.to} onClick={onGo} aria-current={here ? 'page' : undefined}>
      <Icon size={18} aria-hidden />
      <span style={{ flex: 1 }}>{entry.label}</span>
      {!!count && (
        <Badge size="sm" color="red.9" variant="filled" flex="none">
          {count > 999 ? '999+' : count}
          <VisuallyHidden> to act on</VisuallyHidden>
        </Badge>
      )}
    </Link>
  );
}
