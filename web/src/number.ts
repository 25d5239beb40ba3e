/** count writes a whole number with its thousands apart: "1,204". */
export const count = (n: number | undefined): string => (n ?? 0).toLocaleString('en');

/** short writes a large number in few signs: "1.2 M". */
export function short(n: number): string {
  const size = Math.abs(n);
  if (size >= 1e9) return `${trimmed(n / 1e9)} G`;
  if (size >= 1e6) return `${trimmed(n / 1e6)} M`;
  if (size >= 1e4) return `${trimmed(n / 1e3)} k`;
  return count(Math.round(n));
}

const trimmed = (n: number) => (Math.abs(n) >= 100 ? n.toFixed(0) : n.toFixed(1).replace(/\.0$/, ''));

/** size writes bytes in the largest unit that leaves a digit before the point: "30.2 MB". */
export function size(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];
  let [n, unit] = [bytes, 0];
  while (n >= 1000 && unit < units.length - 1) [n, unit] = [n / 1000, unit + 1];
  return `${unit === 0 ? n : n.toFixed(1)} ${units[unit]}`;
}

/** plural writes a number with its noun: "1 window", "14 windows". */
export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;

/** percent writes a part of a whole; what is not nothing never reads 0 %, and what is not all never reads 100 %. */
export function percent(part: number, whole: number): string {
  if (whole <= 0) return '–';
  const p = (part / whole) * 100;
  if (p > 0 && p < 1) return '< 1 %';
  if (p < 100 && p > 99) return '99 %';
  return `${Math.round(p)} %`;
}
