// Weights as text: .431, 1.000, +.031, −.012, with as many digits as the state carries.

export function formatWeight(weight, digits) {
  return weight.toFixed(digits).replace(/^0\./, ".");
}

export function formatChange(change, digits) {
  const size = Math.abs(change).toFixed(digits);
  if (Number(size) === 0) return "0";
  return (change < 0 ? "−" : "+") + size.replace(/^0\./, ".");
}
