// Word pieces carry no spaces: where a printer would set one.

export const SPECIAL = /^\[(CLS|SEP|PAD)\]$/;
const CLOSING = /^[.,;:!?%)\]}’”。,、;:?!)》」』]+$/u;
const OPENING = /^[([{“‘《「『(#]+$/u;
const IDEOGRAPH = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;

/**
 * @param {string[]} tokens
 * @param {number} i
 */
export function needsSpace(tokens, i) {
  const here = tokens[i];
  const last = tokens[i - 1];
  if (last === undefined || SPECIAL.test(last)) return false;
  if (here.startsWith("##") || CLOSING.test(here) || OPENING.test(last)) return false;
  return !(IDEOGRAPH.test(here) || IDEOGRAPH.test(last));
}
