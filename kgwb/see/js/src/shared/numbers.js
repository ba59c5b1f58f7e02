// Numbers and labels as text.

/**
 * 12,345: with commas in every language, as in the rest of the page.
 * @param {number} count
 */
export function formatCount(count) {
  return count.toLocaleString("en");
}

/**
 * Two significant digits and no zeros after them: 0.12, 3.4, 120.
 * @param {number} value
 */
export function formatShort(value) {
  return String(Number(value.toPrecision(2)));
}

/**
 * An attention weight: .431, 1.000, with as many digits as the state carries.
 * @param {number} weight
 * @param {number} digits
 */
export function formatWeight(weight, digits) {
  return weight.toFixed(digits).replace(/^0\./, ".");
}

/**
 * The change of a weight: +.031, −.012, 0.
 * @param {number} change
 * @param {number} digits
 */
export function formatChange(change, digits) {
  const size = Math.abs(change).toFixed(digits);
  if (Number(size) === 0) return "0";
  return (change < 0 ? "−" : "+") + size.replace(/^0\./, ".");
}

/**
 * A label cut to what fits beside a dot.
 * @param {string} text
 */
export function shorten(text) {
  return text.length > 32 ? `${text.slice(0, 31)}…` : text;
}
