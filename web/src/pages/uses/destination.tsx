import { useParams, useSearch } from '@tanstack/react-router';
import { TypeStep } from '@/use/wizard/type';
import { Wizard } from '@/use/wizard/wizard';
import { UseList } from './list';
import { UsePage } from './show';

export function List() {
  const { q } = useSearch({ from: '/destinations' });
  return <UseList kind="destination" q={q} />;
}

export const New = () => <TypeStep kind="destination" />;

export function Step() {
  const { connector, step } = useParams({ from: '/destinations/new/$connector/$step' });
  return <Wizard key={connector} kind="destination" connector={connector} step={step} />;
}

export function Show() {
  const { name } = useParams({ from: '/destinations/$name' });
  const { edit } = useSearch({ from: '/destinations/$name' });
  return <UsePage key={name} kind="destination" name={name} edit={edit === true} />;
}
