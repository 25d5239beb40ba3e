/** Spark is a small line without axes; `label` says in words what it shows. */
export function Spark({ values, label, width = 120, height = 26 }: { values: number[]; label: string; width?: number; height?: number }) {
  const most = Math.max(1, ...values);
  const x = (i: number) => (values.length > 1 ? (i / (values.length - 1)) * (width - 2) + 1 : width / 2);
  const y = (v: number) => height - 2 - (v / most) * (height - 4);
  return (
    <svg width={width} height={height} role="img" aria-label={label}>
      <polyline points={values.map((v, i) => `${x(i).toFixed(1)},${y(v).toFixed(1)}`).join(' ')} fill="none" stroke="var(--hr-link)" strokeWidth={1.5} strokeLinejoin="round" />
    </svg>
  );
}
