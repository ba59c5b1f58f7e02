// Attention rollout (Abnar & Zuidema, 2020), one layer further: R = A R′ with A = ½ W + ½ I, as kgwb/bert/rollout.py.

/**
 * @param {Float32Array | null} before what the layer below had reached; null below the first
 * @param {Float32Array} weights the mean of heads, [word piece, column]
 * @param {number} length word pieces
 * @param {number} columns word pieces and the sources behind them
 */
export function rollOn(before, weights, length, columns) {
  const out = new Float32Array(length * columns);
  for (let row = 0; row < length; row++) {
    const at = row * columns;
    let sum = 0;
    for (let i = 0; i < columns; i++) sum += weights[at + i];
    const scale = 1 / (sum + 1);
    for (let key = 0; key < length; key++) {
      const step = (weights[at + key] + (key === row ? 1 : 0)) * scale;
      if (step === 0) continue;
      if (!before) out[at + key] += step;
      else for (let i = 0, from = key * columns; i < columns; i++) out[at + i] += step * before[from + i];
    }
    for (let i = length; i < columns; i++) out[at + i] += weights[at + i] * scale;
  }
  return out;
}
