// Whether a click would reach the kernel, which is busy: it is asked, and may answer from a thread of its own.

// Milliseconds between questions. The thread that can answer is started when the widget opens, and what was asked before
// it stands waits for the cell to end. A kernel that answers none of these receives no click either.
const PAUSES = [300, 600, 1200, 2400];

/**
 * Asks until the first answer. Returns a function that ends the asking.
 * @param {Pick<KernelModel, "on" | "off" | "send">} model
 * @param {{onAnswer: () => void, onSilence: () => void}} outcomes an answer may still come after a silence
 * @param {number[]} [pauses] before each question; the last one again before the silence counts
 */
export function askKernel(model, { onAnswer, onSilence }, pauses = PAUSES) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waiting;

  const end = () => {
    clearTimeout(waiting);
    model.off("msg:custom", receive);
  };
  /** @param {any} message */
  function receive(message) {
    if (message?.kgwb !== "answered") return;
    end();
    onAnswer();
  }
  /** @param {number[]} left */
  function ask([pause, ...later]) {
    waiting = setTimeout(() => {
      model.send({ kgwb: "opened" });
      if (later.length) ask(later);
      else waiting = setTimeout(onSilence, pause);
    }, pause);
  }

  model.on("msg:custom", receive);
  ask(pauses);
  return end;
}
