// A file dropped anywhere on the panel is handed to the kernel, with its name and its bytes.

/**
 * @param {HTMLElement} root
 * @param {KernelModel} model
 * @returns {() => void} clean-up
 */
export function takeDrops(root, model) {
  const wanted = () => root.querySelector(".kgwb-drop") !== null; // the step that is shown takes a file
  /** @param {DragEvent} event */
  const over = (event) => {
    if (!wanted() || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault(); // or the browser opens the file, and the notebook is gone
    event.stopPropagation();
    root.classList.add("is-over");
  };
  const away = () => root.classList.remove("is-over");
  /** @param {DragEvent} event */
  const drop = async (event) => {
    away();
    const file = event.dataTransfer?.files[0];
    if (!wanted() || !file) return;
    event.preventDefault();
    event.stopPropagation();
    model.send({ dropped: file.name }, undefined, [await file.arrayBuffer()]);
  };
  root.addEventListener("dragover", over);
  root.addEventListener("dragleave", away);
  root.addEventListener("drop", drop);
  return () => {
    root.removeEventListener("dragover", over);
    root.removeEventListener("dragleave", away);
    root.removeEventListener("drop", drop);
  };
}
