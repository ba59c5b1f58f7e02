// Round values along an axis.

/**
 * @param {number} low
 * @param {number} high
 * @param {number} count about how many
 */
export function chooseTicks(low, high, count) {
  if (!(Number.isFinite(low) && Number.isFinite(high)) || high <= low) return [];
  const rough = (high - low) / count;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * ([1, 2, 5, 10].find((factor) => unit * factor >= rough * 0.75) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(10)));
}
