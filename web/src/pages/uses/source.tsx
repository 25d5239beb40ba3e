import { useParams, useSearch } from '@tanstack/react-router';
import { TypeStep } from '@/use/wizard/type';
import { Wizard } from '@/use/wizard/wizard';
import { UseList } from './list';
import { UsePage } from './show';

export function List() {
  const { q } = useSearch({ from: '/sources' });
  return <UseList kind="source" q={q} />;
}

export const New = () => <TypeStep kind="source" />;

export function Step() {
  const { connector, step } = useParams({ from: '/sources/new/$connector/$step' });
  return <Wizard key={connector} kind="source" connector={connector} step={step} />;
}

export function Show() {
  const { name } = useParams({ from: '/sources/$name' });
  const { edit } = useSearch({ from: '/sources/$name' });
  return <UsePage key={name} kind="source" name={name} edit={edit === true} />;
}
