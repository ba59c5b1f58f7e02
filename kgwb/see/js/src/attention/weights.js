// Attention weights as they travel: whole numbers, weight = number / full, [layer, head, query, key] per sentence.

const KINDS = { uint8: [Uint8Array, 255], uint16: [Uint16Array, 65535] };

export function openWeights(packed, heads) {
  if (!packed?.view) return null;
  const [Kind, full] = KINDS[packed.dtype];
  const { buffer, byteOffset, byteLength } = packed.view;
  const numbers = new Kind(buffer.slice(byteOffset, byteOffset + byteLength)); // a copy starts at an even address

  /** Adds numbers to `out`, from `first` of the given matrix on; the mean over heads where `head` is null. */
  function gather(out, sentence, layer, head, first) {
    const side = sentence.tokens.length;
    const heads_here = head === null ? heads : 1;
    const scale = 1 / (full * heads_here);
    out.fill(0);
    for (let h = 0; h < heads_here; h++) {
      const at = sentence.start + (layer * heads + (head ?? h)) * side * side + first;
      for (let i = 0; i < out.length; i++) out[i] += numbers[at + i] * scale;
    }
    return out;
  }

  return {
    row(sentence, layer, head, query) {
      const side = sentence.tokens.length;
      return gather(new Float32Array(side), sentence, layer, head, query * side);
    },
    /** The whole matrix into `out`, of length token × token. */
    matrix(out, sentence, layer, head) {
      return gather(out, sentence, layer, head, 0);
    },
  };
}

/** Sum of a row at the given places. */
export function sumAt(row, places) {
  return places.reduce((sum, i) => sum + row[i], 0);
}
